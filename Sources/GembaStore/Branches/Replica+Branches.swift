public import GembaCausality
public import GembaWire

/// A path of a forked log's tree: what lies between two forks, or behind the last one.
public struct Branch: Hashable, Sendable {
    /// What every replica calls it that knows the same forks.
    public var name: ReplicaID
    /// The log, by its genesis.
    public var log: ReplicaID
    /// The station that signed it.
    public var station: StationKey
    /// Its first entry.
    public var first: SequenceNumber
    /// Its last entry so far.
    public var last: SequenceNumber
    /// Whether it ends at a fork; otherwise it may grow.
    public var isClosed: Bool
}

extension Replica {
    /// The paths of all forked logs, or of those of one kind, sorted by log and first entry.
    public func branches(of kind: LogKind? = nil) throws -> [Branch] {
        try withReader { try $0.log.allBranches(of: kind) }
    }

    // MARK: - Finding what two replicas have in common

    /// What is held of logs, for a peer that holds another history of them. Those of which nothing is held are left out.
    public func traces(of logs: [ReplicaID], kind: LogKind) throws -> [LogTrace] {
        try withReader { context in
            var room = Limits.tracePoints
            return try logs.sorted().compactMap { log in
                guard let tip = try context.log.tip(of: log), tip.author == log, tip.kind == kind else { return nil }
                let points = try context.log.points(of: tip.number).prefix(room)
                room -= points.count
                return points.isEmpty ? nil : LogTrace(log: log, points: points.sorted())
            }
        }
    }

    /// Which entries of a trace are held.
    ///
    /// - Returns: the ends of all paths of the log, by the names under which changes stand here, and the last entries that both
    ///   hold, by these names; nil when nothing is held of the log.
    public func place(_ trace: LogTrace, kind: LogKind) throws -> (ends: [ChangeReference], held: [Dot])? {
        try withReader { context in
            guard let tip = try context.log.tip(of: trace.log), tip.kind == kind else { return nil }
            let map = try context.log.branches()
            var held = VersionVector()
            var ends: [ChangeReference] = []
            for number in map.chains(of: tip.number) {
                guard let chain = try context.log.tip(number: number) else { continue }
                ends += try context.log.references(to: chain)
            }
            for point in trace.points {
                let reference = ChangeReference(replica: trace.log, sequence: point.sequence, prefix: point.prefix)
                guard let found = try context.log.resolve(reference, kind: kind) else { continue }
                for dot in try context.log.pathEnds(leadingTo: found) { held.insert(dot) }
            }
            return (ends, held.entries.map { Dot($0.key, $0.value) }.sorted())
        }
    }

    // MARK: - Proofs

    /// The proof that a station signed two histories of a log, for each fork that is known; none where bodies are folded.
    public func forkProofs() throws -> [ForkProof] {
        try withReader { context in
            let map = try context.log.branches()
            return try map.named.compactMap { path in
                // Every path but one of a fork is proven against the first of its rivals.
                guard let rival = map.rivals(of: path).compactMap({ map.path(of: $0) }).min(by: { $0.name < $1.name }),
                    rival.name < path.name
                else { return nil }
                let halves = try [rival, path].compactMap { try context.log.half(from: $0) }
                guard halves.count == 2 else { return nil }
                let sorted = halves.sorted { $0.hashes(after: path.previous)[0] < $1.hashes(after: path.previous)[0] }
                return ForkProof(
                    log: try context.log.author(of: path.number), first: path.first, previous: path.previous,
                    halves: sorted)
            }
        }
    }
}

extension LogStore {
    /// The paths of all forked logs, or of those of one kind, sorted by log and first entry.
    func allBranches(of kind: LogKind? = nil) throws -> [Branch] {
        let map = try branches()
        let tips = try map.forkedLogs.flatMap(map.chains(of:)).compactMap { try tip(number: $0) }
            .filter { kind == nil || $0.kind == kind }
        return try tips.flatMap { tip in
            let ends = try ends(of: tip)
            return ends.indices.map { index in
                let end = ends[index]
                let first = map[end.replica]?.first ?? 0
                return Branch(
                    name: end.replica, log: tip.author, station: tip.station, first: first, last: end.sequence,
                    isClosed: index + 1 < ends.count || !map.chains(leaving: tip.dot).isEmpty)
            }
        }.sorted { ($0.log, $0.first, $0.name) < ($1.log, $1.first, $1.name) }
    }

    /// Entries of a log: the ends of all its chains, and what comes before them in steps that double.
    fileprivate func points(of log: Int64) throws -> [LogTrace.Point] {
        let map = try branches()
        var points: Set<LogTrace.Point> = []
        for number in map.chains(of: log).reversed() {
            guard let tip = try tip(number: number) else { continue }
            var (sequence, step) = (tip.sequence, SequenceNumber(1))
            while true {
                if let record = try record(of: map.ancestor(of: tip.dot, at: sequence)) {
                    points.insert(LogTrace.Point(sequence: sequence, prefix: record.prefix))
                }
                if sequence == 0 { break }
                sequence -= min(step, sequence)
                step *= 2
            }
        }
        return points.sorted(by: >)
    }

    /// The last entries, by their public names, of the paths through which history leads to an entry.
    func pathEnds(leadingTo dot: LocalDot) throws -> [Dot] {
        let map = try branches()
        var ends = [try publicName(of: dot)]
        var path = map.path(of: dot)
        while let current = path {
            ends.append(try publicName(of: current.fork))
            path = map.path(of: current.fork)
        }
        return ends
    }

    /// The headers of a chain from a path's first entry to the first head behind it; nil when they cannot be made any more.
    fileprivate func half(from path: BranchMap.Path) throws -> ForkProof.Half? {
        guard let tip = try tip(number: path.number) else { return nil }
        var headers: [[UInt8]] = []
        var signature: [UInt8]?
        try scanSegments(replica: path.number, from: path.first, through: tip.sequence) { segment in
            guard !segment.isFolded else { return false }
            for sequence in segment.sequences.clamped(to: path.first...tip.sequence) {
                let entry = try Entry(decoding: segment.entry(sequence))
                headers.append(entry.header(replica: tip.author, sequence: sequence))
                signature = segment.heads.first { $0.sequence == sequence }?.signature
                if signature != nil { return false }
            }
            return true
        }
        return signature.map { ForkProof.Half(headers: headers, signature: $0) }
    }
}
