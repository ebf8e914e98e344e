import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// Puts disks back and copies them, over and over, while all of them are written to and meet each other now and then.
///
/// It has neither network nor engine, so that very many disasters fit into an hour: replicas are handed each other's runs. What has
/// to hold is G8: one name stands for one history wherever all is known, nothing is applied twice, and nobody gets stuck.
public final class CloneStorm {
    /// What happened.
    public struct Counts: Hashable, Sendable {
        /// Databases that were put back beside their side files.
        public var restoredDatabases = 0
        /// Folders that were put back with their side files, and written to before anybody told.
        public var restoredFolders = 0
        /// Disks that were copied, and noticed that.
        public var clones = 0
        /// Disks that were copied so that nothing tells.
        public var twins = 0
        /// Changes that were made.
        public var writes = 0
        /// Times that one replica took over what another holds.
        public var exchanges = 0
        /// Times that all replicas were compared.
        public var comparisons = 0
        /// Branches that were found in the end.
        public var branches = 0

        /// Nothing yet.
        public init() {}

        /// Restored and copied disks of all kinds.
        public var disasters: Int { restoredDatabases + restoredFolders + clones + twins }

        /// Adds what happened elsewhere.
        public static func += (left: inout Counts, right: Counts) {
            left.restoredDatabases += right.restoredDatabases
            left.restoredFolders += right.restoredFolders
            left.clones += right.clones
            left.twins += right.twins
            left.writes += right.writes
            left.exchanges += right.exchanges
            left.comparisons += right.comparisons
            left.branches += right.branches
        }
    }

    private struct Machine {
        var folder: String
        var name: String
        /// Nil while the disk is exchanged.
        var open: Replica?
        /// Whether it takes a copied disk for its own.
        var trustsItsDisk = false

        var replica: Replica {
            get throws {
                guard let open else { throw Violation(.conduct, at: name, "the replica is not open") }
                return open
            }
        }
    }

    private let folder: String
    private var random: SeededGenerator
    private var machines: [Machine] = []
    private var backups: [(path: FolderCopy, machine: Int)] = []
    private var copies = 0
    private let disasters: Int
    private let tally = RowID(rawValue: 1)
    private(set) var counts = Counts()

    /// Machines that run side by side, at most.
    private static let greatestMachines = 6
    private static let greatestBackups = 4

    /// Prepares a storm.
    ///
    /// - Parameter disasters: after how many restored or copied disks it ends.
    public init(seed: UInt64, disasters: Int) {
        random = SeededGenerator(seed: seed)
        self.disasters = disasters
        let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        folder = base + "/gemba-storm-\(UUID().uuidString)"
    }

    deinit {
        machines = []
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs to the end.
    ///
    /// - Throws: what was found to be wrong, as a `Violation`, or what a replica refused.
    public func run() throws -> Counts {
        try setUp()
        while counts.disasters < disasters {
            try step()
            if counts.writes.isMultiple(of: 64) { try compare() }
        }
        try compare()
        counts.branches = try machines[0].replica.branches().count { !$0.isClosed }
        return counts
    }

    // MARK: - What happens

    private func setUp() throws {
        let founder = try Replica.found(
            plant: "Storm", station: "A", in: folder + "/A", schema: .simulation, isSealed: false,
            sources: sources("A", false)
        ).replica
        machines = [Machine(folder: folder + "/A", name: "A", open: founder)]
        for name in ["B", "C"] {
            let token = try founder.invite(as: .station, name: name, validForSeconds: 3600, routes: [], by: "storm")
            let replica = try Replica.join(
                with: token, station: name, in: folder + "/" + name, schema: .simulation, sources: sources(name, false))
            try founder.takeRoster(of: replica)
            try replica.takeRoster(of: founder)
            machines.append(Machine(folder: folder + "/" + name, name: name, open: replica))
        }
        try founder.write(by: "storm") { _ = try $0.insert(into: "tally", id: tally, [:]) }
        for index in machines.indices.dropFirst() { try take(index, from: 0) }
    }

    private func sources(_ name: String, _ trustsItsDisk: Bool) -> ReplicaSources {
        var sources = ReplicaSources.system
        sources.isDurable = false
        sources.machine = name
        if trustsItsDisk { sources.calibration = [.ignoresSideFile] }
        return sources
    }

    private func step() throws {
        let index = random.below(machines.count)
        switch random.below(10) {
        case 0...3: try write(at: index)
        case 4...5: try take(index, from: random.below(machines.count))
        case 6: try backUp(index)
        case 7...8: try restore()
        default: try copy(index)
        }
    }

    private func write(at index: Int) throws {
        try machines[index].replica.write(by: "storm") { transaction in
            try transaction.increment("total", of: tally, in: "tally", by: 1)
            try transaction.update("tally", tally, ["name": .text("write \(counts.writes)")])
        }
        counts.writes += 1
    }

    private func take(_ index: Int, from other: Int) throws {
        guard index != other else { return }
        counts.exchanges += 1
        try machines[index].replica.takeAll(from: machines[other].replica)
    }

    private func backUp(_ index: Int) throws {
        if backups.count == Self.greatestBackups { try backups.removeFirst().path.remove() }
        backups.append((try copyFolder(of: index), index))
    }

    private func copyFolder(of index: Int) throws -> FolderCopy {
        copies += 1
        return try FolderCopy(of: machines[index].folder, to: folder + "/copy-\(copies)")
    }

    private func restore() throws {
        guard let (copy, index) = random.pick(backups) else { return }
        let extent: FolderCopy.Extent = random.chance(0.5) ? .folder : .database
        try reopen(index) { try copy.restore(to: $0, extent, isInPlace: extent == .folder || random.chance(0.5)) }
        if extent == .folder { counts.restoredFolders += 1 } else { counts.restoredDatabases += 1 }
        try write(at: index)
    }

    private func copy(_ index: Int) throws {
        let isTwin = random.chance(0.5)
        let copy = try copyFolder(of: index)
        let name = machines[index].name
        if machines.count == Self.greatestMachines {
            let retired = machines.removeLast()
            backups.removeAll { $0.machine == machines.count }
            try FileManager.default.removeItem(atPath: retired.folder)
        }
        copies += 1
        let target = folder + "/machine-\(copies)"
        try copy.clone(to: target)
        try copy.remove()
        let replica = try Replica.open(
            in: target, schema: .simulation, sources: sources(isTwin ? name : "\(name)-\(copies)", isTwin))
        machines.append(Machine(folder: target, name: name, open: replica, trustsItsDisk: isTwin))
        if isTwin { counts.twins += 1 } else { counts.clones += 1 }
        try write(at: machines.count - 1)
    }

    private func reopen(_ index: Int, _ change: (String) throws -> Void) throws {
        let machine = (
            folder: machines[index].folder, name: machines[index].name, trustsItsDisk: machines[index].trustsItsDisk
        )
        machines[index].open = nil
        try change(machine.folder)
        machines[index].open = try Replica.open(
            in: machine.folder, schema: .simulation, sources: sources(machine.name, machine.trustsItsDisk))
    }

    // MARK: - What has to hold

    /// Lets everybody hear of everything, and compares.
    private func compare() throws {
        for index in machines.indices.dropFirst() { try take(0, from: index) }
        for index in machines.indices.dropFirst() { try take(index, from: 0) }
        counts.comparisons += 1
        let first = try machines[0].replica
        let (vector, digest, branches) = try (first.vector(of: .data), first.digest(), first.branches())
        for machine in machines {
            guard try machine.replica.vector(of: .data) == vector else {
                throw Violation(.liveness, at: machine.name, "somebody lacks what others hold")
            }
            guard try machine.replica.digest() == digest, try machine.replica.branches() == branches else {
                throw Violation(.identity, at: machine.name, "one name stands for two histories")
            }
        }
        try countChanges(in: first)
    }

    /// Every change that is held counts once.
    private func countChanges(in replica: Replica) throws {
        var seen: Set<HashPrefix> = []
        var changes = 0
        try replica.forEachEntry(of: .data, after: 0) { stored in
            guard seen.insert(stored.prefix).inserted else {
                throw Violation(.identity, "\(stored.dot) is stored twice")
            }
            if stored.dot.sequence > 0 { changes += 1 }
        }
        let total = try replica.read { try Int.fetchOne($0, sql: "SELECT total FROM tally") } ?? 0
        // The first change made the row.
        guard total == changes - 1 else { throw Violation(.ledger, "\(changes) changes count as \(total)") }
    }
}

extension Replica {
    /// Takes over what another replica holds, whatever branches it is on.
    fileprivate func takeAll(from other: Replica) throws {
        try takeRoster(of: other)
        var known = VersionVector()
        for log in try vector(of: .data).map(\.replica) {
            for trace in try traces(of: [log], kind: .data) {
                for dot in try other.place(trace, kind: .data)?.held ?? [] { known.insert(dot) }
            }
        }
        while true {
            var position: Int64 = 0
            var isMore = true
            var lacks = false
            while isMore {
                let (runs, reached, reachedEnd) = try other.runs(
                    of: .data, after: position, excluding: known, maximumBytes: Limits.batchBytes)
                let outcome = try apply(runs, kind: .data)
                lacks = lacks || outcome.problem == .missingDependency
                if let problem = outcome.problem, problem != .missingDependency {
                    throw Violation(.conduct, "an honest replica's runs are refused: \(problem)")
                }
                guard outcome.entryCount > 0 || !lacks || !reachedEnd else {
                    throw Violation(.liveness, "what is lacking never comes")
                }
                (position, isMore) = (reached, !reachedEnd)
            }
            // More branches than one batch may begin come with the next one.
            if !lacks { return }
        }
    }
}
