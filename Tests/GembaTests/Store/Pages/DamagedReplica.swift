import Foundation
import GRDB
import GembaCausality
import GembaSimulation
import GembaWire

@testable import GembaStore

/// Two stations of a plant that hold the same, and copies of the first one's folder to damage.
struct DamagedReplica {
    let plant: TestPlant
    let other: Replica
    private var sound: String { plant.folder.folder("sound") }

    var folder: TemporaryFolder { plant.folder }

    /// - Parameter unsent: how many changes the first station has beyond what it exchanged.
    init(rows: Int = 120, unsent: Int = 0) throws {
        plant = try TestPlant()
        other = try plant.enrol("L3")
        var generator = SeededGenerator(seed: 7)
        for round in 0..<3 {
            for station in [plant.founder, other] { try Self.write(rows / 6, round, on: station, using: &generator) }
            try plant.founder.exchange(with: other)
        }
        try Self.write(unsent, 9, on: plant.founder, using: &generator)
        _ = try plant.founder.scrub()
        try plant.founder.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try FileManager.default.copyItem(atPath: plant.founder.folder, toPath: sound)
    }

    private static func write(
        _ count: Int, _ round: Int, on replica: Replica, using generator: inout SeededGenerator
    ) throws {
        var rows: [RowID] = []
        for number in 0..<count {
            let row = try replica.write(by: "ewa", because: "round \(round)") { tx in
                try tx.insert(
                    into: "part",
                    [
                        "name": .text("part \(round).\(number) " + String(repeating: "x", count: number % 90)),
                        "shelf": .integer(Int64(number)),
                    ])
            }
            rows.append(row)
            try replica.write(by: "jan") { tx in
                try tx.update("part", rows.randomElement(using: &generator) ?? row, ["name": .text("again \(number)")])
                try tx.increment("stock", of: row, in: "part", by: 2)
            }
        }
    }

    /// The first station's folder as it was, under another name, with other bytes in the database file.
    func copy(named name: String, damage: (inout Data) -> Void) throws -> String {
        let path = folder.folder(name)
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: sound, toPath: path)
        let file = URL(filePath: ReplicaFolder(path: path).database)
        var bytes = try Data(contentsOf: file)
        damage(&bytes)
        try bytes.write(to: file)
        return path
    }

    func open(_ path: String) throws -> Replica { try Replica.open(in: path, schema: .parts, sources: .test) }

    var fileBytes: Int {
        get throws { try Data(contentsOf: URL(filePath: ReplicaFolder(path: sound).database)).count }
    }

    /// The pages on which entries of logs stand, as far as they are found by their form.
    ///
    /// - Parameter isWanted: says which entries, by the first one of their segment.
    func logPages(where isWanted: (LocalDot) -> Bool = { _ in true }) throws -> [UInt32] {
        let path = ReplicaFolder(path: sound).database
        let images = try PageImages(path: path, connection: BareConnection(path, .unchecked))
        var pages: [UInt32] = []
        try images.forEach { image in
            let rows = TableLeaf(image)?.rows(images.page) ?? []
            let dots = rows.filter { (5...6).contains($0.columns.count) && $0.key >= 1 << 40 }.map {
                Segment.Key(rawValue: $0.key).dot
            }
            if dots.contains(where: isWanted) { pages.append(image.number) }
        }
        return pages
    }
}
