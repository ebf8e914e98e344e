import Foundation
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Bundles")
struct BundleTests {
    /// A plant of two stations that have met once, and a place for files.
    private struct Scene {
        let plant: TestPlant
        let a: Replica
        let b: Replica

        init() throws {
            plant = try TestPlant()
            a = plant.founder
            b = try plant.enrol("L3")
        }

        func file(_ name: String) -> String { plant.folder.folder(name) }

        func write(_ names: String..., on replica: Replica) throws {
            for name in names {
                try replica.write(by: "ewa", because: "counted") { try $0.insert(into: "part", ["name": .text(name)]) }
            }
        }
    }

    @Test("U8: everything in a file makes a replica equal to its writer, and another reading changes nothing")
    func everything() throws {
        let scene = try Scene()
        try scene.write("label roll", "scanner", "belt", on: scene.a)
        let summary = try scene.a.writeBundle(to: scene.file("all"))
        #expect(summary.dataEntries == 4 && summary.rosterEntries > 0 && summary.extents.base.isEmpty)
        #expect(summary.extents.end == (try scene.a.vector(of: .data)))

        let report = try scene.b.readBundle(from: scene.file("all"))
        #expect(report.data == .init(new: 4) && report.ending == .complete && report.lacking.isEmpty)
        #expect(report.roster.new == 0 && report.roster.known == summary.rosterEntries)
        #expect(report.preamble.writer == scene.a.identity.stationKey)
        #expect(try scene.b.digest() == scene.a.digest())

        let again = try scene.b.readBundle(from: scene.file("all"))
        #expect(again.data == .init(known: 4) && again.ending == .complete)
        #expect(try scene.b.vector(of: .data) == scene.a.vector(of: .data))
    }

    @Test("U8: a bundle since another has what came after it, and cannot be taken before it")
    func since() throws {
        let scene = try Scene()
        try scene.write("1", "2", on: scene.a)
        _ = try scene.a.writeBundle(to: scene.file("first"))
        try scene.write("3", "4", on: scene.a)
        let known = try scene.a.bundleEnd(of: scene.file("first"))
        let second = try scene.a.writeBundle(to: scene.file("second"), since: known)
        #expect(second.dataEntries == 2 && second.extents.base == known)

        let early = try scene.b.readBundle(from: scene.file("second"))
        #expect(early.data == .init(leftOut: 2) && early.ending == .complete)
        #expect(early.lacking == [.init(reference: known[0], held: nil, isFolded: false)])
        #expect(try scene.b.vector(of: .data).isEmpty)

        #expect(try scene.b.readBundle(from: scene.file("first")).data == .init(new: 3))
        let late = try scene.b.readBundle(from: scene.file("second"))
        #expect(late.data == .init(new: 2) && late.lacking.isEmpty)
        #expect(try scene.b.digest() == scene.a.digest())
    }

    @Test("U14: what a member acknowledged by writing is left out, and a claim with another hash leaves out nothing")
    func claims() throws {
        let scene = try Scene()
        try scene.write("1", "2", on: scene.a)
        #expect(try scene.a.acknowledged(by: scene.b.identity.stationKey).isEmpty)
        try scene.a.exchange(with: scene.b)
        try scene.write("3", on: scene.b)
        try scene.a.exchange(with: scene.b)
        try scene.write("4", on: scene.a)
        let known = try scene.a.acknowledged(by: scene.b.identity.stationKey)
        #expect(known == (try scene.b.vector(of: .data)))
        #expect(try scene.a.writeBundle(to: scene.file("news"), since: known).dataEntries == 1)

        let other = known.map {
            ChangeReference(replica: $0.replica, sequence: $0.sequence, prefix: HashPrefix(rawValue: 7))
        }
        let whole = try scene.a.writeBundle(to: scene.file("whole"), since: other)
        #expect(whole.extents.base.isEmpty && whole.dataEntries == 6)
        let ahead = known.map {
            ChangeReference(replica: $0.replica, sequence: $0.sequence + 100, prefix: HashPrefix(rawValue: 7))
        }
        let nothing = try scene.a.writeBundle(to: scene.file("nothing"), since: ahead)
        #expect(nothing.dataEntries == 0 && nothing.extents.base == nothing.extents.end)
    }

    @Test("A laptop that goes between two islands with files makes them equal")
    func islands() throws {
        let scene = try Scene()
        let laptop = try scene.plant.enrol("ROVER")
        try scene.b.pull(.roster, from: scene.a)
        var last: [String: String] = [:]
        for day in 0..<4 {
            for (name, island) in [("north", scene.a), ("south", scene.b)] {
                try scene.write("\(name) \(day)", on: island)
                // The island's news go along, and it gets what the laptop brings from the other one.
                let (out, into) = (scene.file("\(name)-out-\(day)"), scene.file("\(name)-in-\(day)"))
                let held = try last[name].map { try island.bundleEnd(of: $0) } ?? []
                _ = try island.writeBundle(to: out, since: held)
                #expect(try laptop.readBundle(from: out).lacking.isEmpty)
                try scene.write("laptop \(name) \(day)", on: laptop)
                _ = try laptop.writeBundle(to: into, since: laptop.bundleEnd(of: out))
                let report = try island.readBundle(from: into)
                #expect(report.ending == .complete && report.data.leftOut == 0 && report.data.new > 0)
                last[name] = into
            }
        }
        _ = try laptop.writeBundle(to: scene.file("home"))
        _ = try scene.a.readBundle(from: scene.file("home"))
        let digests = try [scene.a, scene.b, laptop].map { try $0.digest() }
        #expect(digests[0] == digests[1] && digests[1] == digests[2])
        #expect(try scene.a.vector(of: .data) == scene.b.vector(of: .data))
    }

    @Test("U16: a rehearsal says what would be new, and stores nothing")
    func rehearsal() throws {
        let scene = try Scene()
        try scene.write("1", "2", on: scene.a)
        _ = try scene.a.writeBundle(to: scene.file("all"))
        let rehearsed = try scene.b.readBundle(from: scene.file("all"), isRehearsal: true)
        #expect(rehearsed.data == .init(new: 3))
        #expect(try scene.b.vector(of: .data).isEmpty)
        #expect(try scene.b.readBundle(from: scene.file("all")).data == rehearsed.data)
    }

    @Test("05-roster §6: a joiner that has met nobody becomes a member by a bundle there and one back")
    func enrolment() throws {
        let scene = try Scene()
        try scene.write("1", on: scene.a)
        let token = try scene.a.invite(as: .station, name: "L4", validForSeconds: 3600, routes: [], by: "admin")
        let joiner = try Replica.join(
            with: token, station: "L4", in: scene.file("L4"), schema: .parts, sources: .test)
        _ = try joiner.writeBundle(to: scene.file("join"))
        #expect(try scene.a.readBundle(from: scene.file("join")).roster.new == 2)
        #expect(try scene.a.roster().members[joiner.identity.stationKey]?.name == "L4")
        _ = try scene.a.writeBundle(to: scene.file("plant"))
        let report = try joiner.readBundle(from: scene.file("plant"))
        #expect(report.roster.leftOut == 0 && report.data == .init(new: 2))
        #expect(try joiner.roster().members[joiner.identity.stationKey] != nil)
        #expect(try joiner.digest() == scene.a.digest())

        // Its own work goes back the same way.
        try scene.write("2", on: joiner)
        _ = try joiner.writeBundle(to: scene.file("back"), since: joiner.bundleEnd(of: scene.file("plant")))
        #expect(try scene.a.readBundle(from: scene.file("back")).data.new == 2)
        #expect(try joiner.digest() == scene.a.digest())
    }

    @Test("U6: a bundle of another plant is refused, and nothing has changed")
    func otherPlant() throws {
        let scene = try Scene()
        let other = try TestPlant()
        try other.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("theirs")]) }
        _ = try other.founder.writeBundle(to: scene.file("theirs"))
        let before = try scene.a.vector(of: .roster)
        let error = #expect(throws: StoreError.self) { try scene.a.readBundle(from: scene.file("theirs")) }
        #expect(error?.code == .notPermitted)
        #expect(try scene.a.vector(of: .roster) == before)
        #expect(try scene.a.vector(of: .data).isEmpty)
    }

    @Test("U9: what the writer has folded is named to a reader that lacks it, and does no harm to others")
    func folded() throws {
        let scene = try Scene()
        try scene.write("1", "2", "3", on: scene.a)
        try scene.a.exchange(with: scene.b)
        _ = try scene.b.acknowledge(by: "jan")
        try scene.a.exchange(with: scene.b)
        #expect(try scene.a.fold(olderThan: 0).entries == 3)
        try scene.write("4", on: scene.a)

        let summary = try scene.a.writeBundle(to: scene.file("rest"))
        #expect(summary.extents.floors.map(\.sequence) == [3])
        let newcomer = try scene.plant.enrol("L4")
        let report = try newcomer.readBundle(from: scene.file("rest"))
        #expect(report.data.new < report.data.leftOut + report.data.new && report.ending == .complete)
        #expect(report.lacking.map(\.isFolded) == [true] && report.lacking.map(\.reference) == summary.extents.floors)
        #expect(try scene.b.readBundle(from: scene.file("rest")).lacking.isEmpty)
        #expect(try scene.b.digest() == scene.a.digest())
    }

    @Test("U13: own changes are remembered durably before a byte is written")
    func remembered() throws {
        let scene = try Scene()
        try scene.write("1", "2", on: scene.a)
        let tip = try #require(try scene.a.currentTip())
        let reopened = try Replica.open(in: scene.a.folder, schema: .parts, sources: .test)
        try FileManager.default.removeItem(atPath: scene.a.sideFile.path)
        // The folder of the bundle is not there, so no byte is written, and yet what would have been is remembered.
        #expect(throws: StoreError.self) { try reopened.writeBundle(to: scene.file("none/bundle")) }
        #expect(try scene.a.sideFile.read() == nil)
        _ = try reopened.writeBundle(to: scene.file("bundle"))
        #expect(try scene.a.sideFile.read()?.sequence(of: tip.replica) == tip.sequence)
    }

    @Test("A file is not replaced unasked, and one that cannot be finished leaves the old one")
    func replacing() throws {
        let scene = try Scene()
        let path = scene.file("bundle")
        _ = try scene.a.writeBundle(to: path)
        let before = FileManager.default.contents(atPath: path)
        let error = #expect(throws: StoreError.self) { try scene.a.writeBundle(to: path) }
        #expect(error?.code == .alreadyExists)
        struct Pulled: Error {}
        #expect(throws: Pulled.self) {
            try BundleFile(path: path).write(replacing: true) { append in
                try append([1, 2, 3])
                throw Pulled()
            }
        }
        #expect(FileManager.default.contents(atPath: path) == before)
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
        try scene.write("1", on: scene.a)
        _ = try scene.a.writeBundle(to: path, replacing: true)
        #expect(try scene.b.readBundle(from: path).data.new == 2)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("Many changes go into many pieces, whose names they share, and out again")
    func manyPieces() throws {
        let scene = try Scene()
        for number in 0..<40 {
            try scene.a.write(by: "ewa") { tx in
                // Names that do not compress.
                for _ in 0..<200 { try tx.insert(into: "part", ["name": .text("\(UUID()) \(UUID())")]) }
            }
            if number % 8 == 0 { try scene.a.exchange(with: scene.b) }
            if number % 8 == 4 { try scene.write("\(number)", on: scene.b) }
        }
        let reader = try scene.plant.enrol("L4")
        _ = try scene.a.writeBundle(to: scene.file("many"))
        let sections = try BundleBytes(of: scene.file("many")).sections()
        #expect(sections.count { if case .packs = $0 { true } else { false } } > 1)
        let report = try reader.readBundle(from: scene.file("many"))
        #expect(report.ending == .complete && report.data.leftOut == 0)
        #expect(try reader.digest() == scene.a.digest())
    }
}
