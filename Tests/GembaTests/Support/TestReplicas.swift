import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Synchronization

/// A folder that is removed with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/gemba-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func folder(_ name: String) -> String { path + "/" + name }
}

/// A plant whose replicas lie side by side in one folder, with a clock that tests set.
final class TestPlant: Sendable {
    let folder: TemporaryFolder
    let founder: Replica
    private let wall = Mutex<UInt64>(1_760_000_000_000)

    init(schema: Schema = .parts, isSealed: Bool = false) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        founder = try Replica.found(
            plant: "Test plant", station: "IT", in: folder.folder("IT"), schema: schema, isSealed: isSealed,
            sources: .test
        ).replica
    }

    /// Enrols a station through the founder, both roster logs exchanged.
    func enrol(
        _ name: String, as role: Role = .station, by other: Replica? = nil, schema: Schema = .parts
    ) throws -> Replica {
        let inviter = other ?? founder
        let token = try inviter.invite(as: role, name: name, validForSeconds: 3600, routes: [], by: "admin")
        let replica = try Replica.join(
            with: token, station: name, in: folder.folder(name), schema: schema, sources: .test)
        try inviter.pull(.roster, from: replica)
        try inviter.shareEpochs()
        try replica.pull(.roster, from: inviter)
        return replica
    }
}

extension ReplicaSources {
    /// The system's sources without waiting for the disk.
    static var test: ReplicaSources {
        var sources = ReplicaSources.system
        sources.isDurable = false
        return sources
    }
}

extension Schema {
    /// Has nothing to do with tickets: one table of every merge kind.
    static let parts = Schema(
        version: 1,
        tables: [
            Table(
                1, "part",
                groups: [
                    .register(1, .text("name")),
                    .register(2, [.text("aisle"), .integer("shelf")]),
                    .set(3, "labels"),
                    .counter(4, "stock"),
                    .register(5, .real("weight")),
                ], indexes: [["name"]]),
            Table(2, "reading", groups: [.fact(1, [.blob("part"), .real("value"), .text("unit")])]),
        ])
}

extension Replica {
    /// Takes over what another replica holds beyond this one, as one exchange would.
    @discardableResult
    func pull(_ kind: LogKind, from other: Replica) throws -> ApplyOutcome {
        let known = VersionVector(try vector(of: kind))
        var position: Int64 = 0
        var total = ApplyOutcome()
        while true {
            let (runs, reached, _) = try other.runs(
                of: kind, after: position, excluding: known, maximumBytes: Limits.batchBytes)
            if runs.isEmpty { return total }
            let outcome = try apply(runs, kind: kind)
            total.entryCount += outcome.entryCount
            total.quarantinedCount += outcome.quarantinedCount
            total.advanced = outcome.advanced
            total.problem = outcome.problem ?? total.problem
            position = reached
        }
    }

    /// Exchanges everything in both directions.
    func exchange(with other: Replica) throws {
        for kind in [LogKind.roster, .data] {
            try pull(kind, from: other)
            try other.pull(kind, from: self)
        }
    }
}
