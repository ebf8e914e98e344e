import GembaCausality
import GembaTrust
import GembaWire

/// Every entry that was ever found in any log of the plant: what an observer sees who forgets nothing.
///
/// Where a log is forked, the half that was seen first keeps the log's name here, and each other one is a chain of its own. That
/// is the observer's own affair: which names a replica gives depends on what it holds (``Naming``).
struct History {
    /// One entry.
    struct Change {
        var dot: Dot
        /// The replica id in its header.
        let author: ReplicaID
        let hash: ChangeHash
        let station: StationKey
        let kind: LogKind
        let deps: [ChangeReference]
        /// The epoch under which the body is sealed; nil when it is open.
        let epoch: EpochID?
        /// Nil for a genesis, a roster entry, and content that is malformed.
        var body: ChangeBody?
        /// Everything that the author had seen, its own earlier entries included.
        var past: VersionVector
    }

    private(set) var changes: [Dot: Change] = [:]
    /// What opens sealed bodies.
    var keys: HistoryKeys?
    /// What each station was given, to see what it could open.
    var keysOfStations: [StationKey: HistoryKeys] = [:]
    /// For each chain that left another one, the entry on which it hangs.
    private(set) var forks: [ReplicaID: Dot] = [:]
    private var dots: [HashPrefix: Dot] = [:]

    subscript(dot: Dot) -> Change? { changes[dot] }

    /// The entry that a reference names by its hash.
    subscript(prefix: HashPrefix) -> Dot? { dots[prefix] }

    /// The entry with a number in the history that leads to one.
    func ancestor(of dot: Dot, at sequence: SequenceNumber) -> Dot {
        var name = dot.replica
        while let fork = forks[name], sequence <= fork.sequence { name = fork.replica }
        return Dot(name, sequence)
    }

    /// The genesis of the log to which a chain belongs.
    func genesis(of chain: ReplicaID) -> Change? {
        changes[ancestor(of: Dot(chain, (forks[chain]?.sequence ?? 0) + 1), at: 0)]
    }

    /// Whether a chain left another one, or another left it.
    func isForked(_ chain: ReplicaID) -> Bool {
        forks[chain] != nil || forks.values.contains { $0.replica == chain }
    }

    /// An entry and all before it in its log.
    func line(to dot: Dot) -> VersionVector {
        var line = VersionVector()
        var end: Dot? = dot
        while let next = end {
            line.insert(next)
            end = forks[next.replica]
        }
        return line
    }

    /// All entries with a number in a log, on whatever branch.
    func entries(of author: ReplicaID, at sequence: SequenceNumber) -> [Change] {
        let others = forks.filter { changes[Dot($0.key, $0.value.sequence + 1)]?.author == author }.map(\.key)
        return ([author] + others.sorted()).compactMap { changes[Dot($0, sequence)] }
    }

    /// The place of an entry that was not seen before: after `previous` on its chain, or as the first of another one.
    mutating func place(_ hash: ChangeHash, author: ReplicaID, after previous: Dot?) -> Dot {
        guard let previous else { return Dot(author, 0) }
        let next = Dot(previous.replica, previous.sequence + 1)
        if changes[next] == nil { return next }
        let chain = Naming.name(of: author, hash)
        forks[chain] = previous
        return Dot(chain, next.sequence)
    }

    /// Decodes an entry and adds it. What its author had seen must be there already.
    ///
    /// - Returns: what of its past is missing, or nil.
    mutating func add(
        _ encoded: [UInt8], hash: ChangeHash, dot: Dot, author: ReplicaID, station: StationKey, kind: LogKind
    ) throws -> Dot? {
        let entry = try Entry(decoding: encoded)
        var past = VersionVector()
        var earlier: [Dot] = []
        for dep in entry.deps {
            guard let known = dots[dep.prefix] else { return dep.dot }
            earlier.append(known)
        }
        if dot.sequence > 0 { earlier.append(ancestor(of: dot, at: dot.sequence - 1)) }
        for known in earlier {
            guard let change = changes[known] else { return known }
            past.merge(change.past)
            past.insert(known)
        }
        var body: ChangeBody?
        if kind == .roster {
            keys?.take(entry)
            for station in keysOfStations.keys { keysOfStations[station]?.take(entry) }
        }
        if kind == .data, dot.sequence > 0, let previous = changes[ancestor(of: dot, at: dot.sequence - 1)]?.hash {
            let place = Envelope.Place(replica: author, sequence: dot.sequence, previous: previous)
            body = try? ChangeBody(
                decoding: Envelope.open(entry, at: place, with: keys?.key(of: entry, by: author)),
                author: author, sequence: dot.sequence)
            body = body.flatMap { translated($0, of: dot, by: author) }
        }
        changes[dot] = Change(
            dot: dot, author: author, hash: hash, station: station, kind: kind, deps: entry.deps,
            epoch: entry.seal?.epoch, body: body, past: past)
        dots[hash.prefix] = dot
        return nil
    }

    /// A body whose dots are those of this history; nil when it refers to what was never seen.
    private func translated(_ body: ChangeBody, of dot: Dot, by author: ReplicaID) -> ChangeBody? {
        var ends = [author: dot]
        for reference in body.references {
            guard let end = dots[reference.prefix] else { return nil }
            ends[reference.replica] = end
        }
        var result = body
        result.operations = body.operations.map { operation in
            operation.translated { named in
                ends[named.replica].map { ancestor(of: $0, at: named.sequence) } ?? named
            }
        }
        return result
    }

    /// Forgets entries that no disk holds any more.
    mutating func forget(where isGone: (Dot) -> Bool) {
        changes = changes.filter { !isGone($0.key) }
        dots = dots.filter { !isGone($0.value) }
        forks = forks.filter { changes[Dot($0.key, $0.value.sequence + 1)] != nil }
    }

    /// Whether the author of `later` had seen `earlier`.
    func hasSeen(_ earlier: Dot, by later: Dot) -> Bool {
        changes[later]?.past.contains(earlier) ?? false
    }

    /// The data changes that a vector contains, in no particular order, as whoever holds these names them.
    func changes(in vector: VersionVector) -> [Change] {
        let held = changes.values.filter { $0.kind == .data && vector.contains($0.dot) }
        if forks.isEmpty { return held }
        let naming = Naming(of: vector, in: self)
        return held.map { change in
            var named = change
            named.dot = naming(change.dot)
            named.past = naming(change.past)
            named.body?.operations = change.body?.operations.map { $0.translated(by: naming.callAsFunction) } ?? []
            return named
        }
    }
}
