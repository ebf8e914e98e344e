import GRDB
import GembaCausality
import GembaWire

/// Forked logs: which branches there are, and what they are called.
extension LogStore {
    /// Reads the branches that the database knows.
    func readBranches() throws -> BranchMap {
        var paths: [BranchMap.Path] = []
        try connection.statement(Self.selectBranches).forEach { row in
            paths.append(
                BranchMap.Path(
                    name: try row.fixed(0), log: row.int(1), number: row.int(2), first: row.unsigned(3),
                    parent: row.int(4), previous: try row.fixed(5)))
        }
        return BranchMap(paths)
    }

    private static let selectBranches = SQLText("SELECT name, log, replica, first, parent, previous FROM gemba_branch")

    // MARK: - Names

    /// The replica id that the headers of a chain's entries have: that of the log's genesis.
    func author(of number: Int64) throws -> ReplicaID {
        try numbers.replica(try branches().log(of: number), on: connection)
    }

    /// What every replica that knows the same forks calls an entry.
    func publicName(of dot: LocalDot) throws -> Dot {
        let path = try branches().path(of: dot)
        return Dot(try path?.name ?? numbers.replica(dot.replica, on: connection), dot.sequence)
    }

    /// The names of a log's paths on one chain, each with its last entry so far, in order.
    func ends(of tip: LogTip) throws -> [Dot] { try localEnds(of: tip).map { try publicName(of: $0.end) } }

    /// The first and the last entry so far of a log's paths on one chain, in order.
    func localEnds(of tip: LogTip) throws -> [(first: SequenceNumber, end: LocalDot)] {
        let map = try branches()
        let firsts = (map.beginning(of: tip.number) == nil ? [0] : []) + map.paths(of: tip.number).map(\.first)
        return zip(firsts, firsts.dropFirst().map { $0 - 1 } + [tip.sequence]).map { first, last in
            (first, LocalDot(replica: tip.number, sequence: last))
        }
    }

    /// A reference by the name that every replica gives an entry which knows the same forks.
    func publicReference(to dot: LocalDot) throws -> ChangeReference {
        var reference = try reference(to: dot)
        reference.replica = try publicName(of: dot).replica
        return reference
    }

    /// How much of every log of a kind is held: a reference for each path, sorted by name.
    ///
    /// - Parameter showsBranches: whether a forked log is shown with all its branches, or as the half that came first.
    func vector(of kind: LogKind, showsBranches: Bool = true) throws -> [ChangeReference] {
        let tips = try tips(of: kind)
        if try branches().isEmpty { return tips.map(\.reference) }
        guard showsBranches else {
            return tips.filter { $0.replica == $0.author }.map {
                ChangeReference(replica: $0.author, sequence: $0.sequence, prefix: $0.hash.prefix)
            }
        }
        return try tips.flatMap(references).sorted { $0.replica < $1.replica }
    }

    /// A reference to the end of each path of a chain.
    func references(to tip: LogTip) throws -> [ChangeReference] {
        try localEnds(of: tip).map { try $0.end == tip.dot ? tip.reference : publicReference(to: $0.end) }
    }

    /// Up to where a vector with public names covers a chain; nil when it covers nothing of it.
    ///
    /// What covers the beginning of a path covers all that its history stands on.
    func coverage(of number: Int64, by vector: VersionVector) throws -> SequenceNumber? {
        let paths = try branches().paths(of: number)
        guard !paths.isEmpty else { return vector[try numbers.replica(number, on: connection)] }
        for path in paths.reversed() {
            guard let held = vector[path.name], held >= path.first else { continue }
            let end = paths.first { $0.first > path.first }.map { $0.first - 1 } ?? .max
            return min(held, end)
        }
        guard let first = paths.first, first.parent == number else { return nil }
        return vector[try numbers.replica(number, on: connection)].map { min($0, first.first - 1) }
    }

    // MARK: - Beginning a branch

    /// Begins a chain that leaves a log's tree at an entry which has a successor already.
    ///
    /// - Parameters:
    ///   - fork: the entry on which it hangs.
    ///   - previous: that entry's hash.
    ///   - first: the hash of the chain's first entry.
    /// - Returns: where the chain ends: at the fork, with nothing of its own yet.
    func beginBranch(at fork: LocalDot, previous: ChangeHash, first: ChangeHash) throws -> LogTip {
        guard let parent = try tip(number: fork.replica), let record = try record(of: fork) else {
            preconditionFailure("a branch hangs on an entry that is held")
        }
        let log = try branches().log(of: fork.replica)
        let sequence = fork.sequence + 1
        try nameSuccessor(of: fork, previous: previous, log: log, author: parent.author)
        let name = parent.author.branch(beginningWith: first)
        try connection.statement(
            """
            INSERT INTO gemba_replica
                (replica, kind, station, incarnation, sequence, hash, lamport, timestamp, covered, quarantined)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, -1, 0)
            """
        )
        .bind(1, name).bind(2, Int64(parent.kind.rawValue)).bind(3, parent.station).bind(4, parent.incarnation)
        .bind(5, fork.sequence).bind(6, previous).bind(7, record.lamport).run()
        let number = connection.database.lastInsertedRowID
        numbers.remember(name, number)
        try add(
            BranchMap.Path(
                name: name, log: log, number: number, first: sequence, parent: fork.replica, previous: previous))
        return LogTip(
            number: number, replica: name, author: parent.author, name: name, kind: parent.kind,
            station: parent.station, incarnation: parent.incarnation, sequence: fork.sequence, hash: previous,
            lamport: record.lamport)
    }

    /// Gives what follows a new fork on the same chain a name of its own, unless it has one.
    private func nameSuccessor(
        of fork: LocalDot, previous: ChangeHash, log: Int64, author: ReplicaID
    ) throws {
        let next = LocalDot(replica: fork.replica, sequence: fork.sequence + 1)
        guard try record(of: next) != nil,
            try !branches().paths(of: fork.replica).contains(where: { $0.first == next.sequence })
        else { return }
        guard let name = try nameOfSuccessor(of: fork, previous: previous, author: author) else {
            preconditionFailure("a fork has a successor that is held")
        }
        try add(
            BranchMap.Path(
                name: name, log: log, number: fork.replica, first: next.sequence, parent: fork.replica,
                previous: previous))
    }

    /// The name of what follows an entry on its chain, once the log forks there; nil when nothing does.
    ///
    /// - Parameter previous: the entry's hash.
    func nameOfSuccessor(of fork: LocalDot, previous: ChangeHash, author: ReplicaID) throws -> ReplicaID? {
        let next = LocalDot(replica: fork.replica, sequence: fork.sequence + 1)
        guard let bytes = try entry(at: next) else { return nil }
        let hash = try Entry(decoding: bytes).hash(replica: author, sequence: next.sequence, previous: previous)
        return author.branch(beginningWith: hash)
    }

    private func add(_ path: BranchMap.Path) throws {
        try connection.statement(
            "INSERT INTO gemba_branch (name, log, replica, first, parent, previous) VALUES (?, ?, ?, ?, ?, ?)"
        )
        .bind(1, path.name).bind(2, path.log).bind(3, path.number).bind(4, path.first).bind(5, path.parent)
        .bind(6, path.previous).run()
        forgetBranches()
    }
}
