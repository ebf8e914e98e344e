import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

/// Makes forks as they really come about: from copies of a whole folder that nothing tells from the original.
final class ForkedPlant {
    let plant: TestPlant
    private var copies = 0

    init(of plant: TestPlant) { self.plant = plant }

    convenience init(isSealed: Bool = false) throws { self.init(of: try TestPlant(isSealed: isSealed)) }

    /// A copy of a replica that goes on under the same name.
    ///
    /// - Parameter harmful: whether it does so also when it knows that the log is forked.
    func copy(of replica: Replica, harmful: Bool = false) throws -> Replica {
        copies += 1
        let folder = plant.folder.folder("copy-\(copies)")
        try replica.read { try $0.execute(sql: "SELECT 1") }
        try FileManager.default.copyItem(atPath: replica.folder, toPath: folder)
        var sources = ReplicaSources.trusting
        if harmful { sources.calibration.insert(.keepsForkedName) }
        return try Replica.open(in: folder, schema: .parts, sources: sources)
    }
}

extension ReplicaSources {
    /// Those of a machine that does not notice that its disk is a copy.
    static var trusting: ReplicaSources {
        var sources = ReplicaSources.test
        sources.calibration = [.ignoresSideFile]
        return sources
    }
}

/// Expects replicas to hold the same of some kinds of log, under the same names, and to be sound.
func expectAlike(
    _ replicas: [Replica], in kinds: [LogKind] = [.data], sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for other in replicas.dropFirst() {
        for kind in kinds {
            #expect(try other.vector(of: kind) == replicas[0].vector(of: kind), sourceLocation: sourceLocation)
        }
        #expect(try other.branches() == replicas[0].branches(), sourceLocation: sourceLocation)
        if kinds.contains(.roster) {
            #expect(try other.roster().digest == replicas[0].roster().digest, sourceLocation: sourceLocation)
        }
        #expect(try other.digest() == replicas[0].digest(), sourceLocation: sourceLocation)
        #expect(try other.partNames() == replicas[0].partNames(), sourceLocation: sourceLocation)
    }
    for replica in replicas {
        let fault = try replica.verify().fault
        #expect(fault == nil, sourceLocation: sourceLocation)
    }
}

extension Replica {
    /// Inserts a part, and returns its row.
    @discardableResult
    func add(_ name: String) throws -> RowID {
        try write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    func rename(_ row: RowID, to name: String) throws {
        try write(by: "ewa") { try $0.update("part", row, ["name": .text(name)]) }
    }

    /// What this replica holds of logs of a kind, in the words of another.
    func holdings(of kind: LogKind, for other: Replica) throws -> VersionVector {
        var known = VersionVector()
        for trace in try traces(of: vector(of: kind).map(\.replica), kind: kind) {
            for dot in try other.place(trace, kind: kind)?.held ?? [] { known.insert(dot) }
        }
        return known
    }

    /// Takes over all changes that another replica holds beyond this one, whatever branches they are on.
    @discardableResult
    func take(from other: Replica) throws -> ApplyOutcome {
        _ = try take(.roster, from: other)
        return try take(.data, from: other)
    }

    private func take(_ kind: LogKind, from other: Replica) throws -> ApplyOutcome {
        var total = ApplyOutcome()
        var position: Int64 = 0
        let known = try holdings(of: kind, for: other)
        while true {
            let (runs, reached, _) = try other.runs(
                of: kind, after: position, excluding: known, maximumBytes: Limits.batchBytes)
            if runs.isEmpty { return total }
            let outcome = try apply(runs, kind: kind)
            total.entryCount += outcome.entryCount
            total.quarantinedCount += outcome.quarantinedCount
            total.renamed += outcome.renamed
            total.problem = outcome.problem ?? total.problem
            position = reached
        }
    }

    /// Exchanges everything in both directions.
    func meet(_ other: Replica) throws {
        try take(from: other)
        try other.take(from: self)
    }

    /// The names of all parts, as readers see them.
    func partNames() throws -> [String] {
        try read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY id") }
    }
}
