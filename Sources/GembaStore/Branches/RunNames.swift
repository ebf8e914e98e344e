import GembaCausality
import GembaTrust
import GembaWire

/// What the entries of a run may call entries of their own log (K5 of 02-change), before the run is stored.
///
/// Where a run begins a branch, the names of the two halves exist with it. Runs are cut anew on their way, so that an entry may
/// depend on one of the same run here which elsewhere came by an earlier one.
struct RunNames {
    private let run: VerifiedRun
    private let log: LogStore
    /// The names that the run makes.
    private var made: Set<ReplicaID> = []

    init(_ run: VerifiedRun, _ place: RunPlace, _ log: LogStore) throws {
        self.run = run
        self.log = log
        guard case .fork(let fork, let previous) = place else { return }
        made.insert(run.replica.branch(beginningWith: run.entries[0].hash))
        if let name = try log.nameOfSuccessor(of: fork, previous: previous, author: run.replica) { made.insert(name) }
    }

    /// The references of an entry to what has to be held before the run is, by names that are known already.
    func outward(_ references: [ChangeReference], of index: Int) throws -> [ChangeReference] {
        try references.compactMap { reference in
            guard try isOwn(reference.replica) else { return reference }
            if let place = Int(exactly: reference.sequence &- run.first), (0..<index).contains(place),
                run.entries[place].hash.prefix == reference.prefix
            {
                return nil
            }
            return ChangeReference(replica: run.replica, sequence: reference.sequence, prefix: reference.prefix)
        }
    }

    private func isOwn(_ name: ReplicaID) throws -> Bool {
        if made.contains(name) { return true }
        guard let path = try log.branches()[name] else { return false }
        return try log.author(of: path.log) == run.replica
    }
}
