import GembaCausality
import GembaTrust
import GembaWire

/// Every entry that was ever found in any log of the plant, by name: what an observer sees who forgets nothing.
struct History {
    /// One entry.
    struct Change {
        let dot: Dot
        let hash: ChangeHash
        let station: StationKey
        let kind: LogKind
        let deps: [ChangeReference]
        /// The epoch under which the body is sealed; nil when it is open.
        let epoch: EpochID?
        /// Nil for a genesis, a roster entry, and content that is malformed.
        let body: ChangeBody?
        /// Everything that the author had seen, its own earlier entries included.
        let past: VersionVector
    }

    private(set) var changes: [Dot: Change] = [:]
    /// What opens sealed bodies.
    var keys: HistoryKeys?
    /// What each station was given, to see what it could open.
    var keysOfStations: [StationKey: HistoryKeys] = [:]

    subscript(dot: Dot) -> Change? { changes[dot] }

    /// Decodes an entry and adds it. What its author had seen must be there already.
    ///
    /// - Returns: what of its past is missing, or nil.
    mutating func add(
        _ encoded: [UInt8], hash: ChangeHash, dot: Dot, station: StationKey, kind: LogKind
    ) throws -> Dot? {
        let entry = try Entry(decoding: encoded)
        var past = VersionVector()
        var earlier = entry.deps.map(\.dot)
        if dot.sequence > 0 { earlier.append(Dot(dot.replica, dot.sequence - 1)) }
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
        if kind == .data, dot.sequence > 0, let previous = changes[Dot(dot.replica, dot.sequence - 1)]?.hash {
            let place = Envelope.Place(replica: dot.replica, sequence: dot.sequence, previous: previous)
            body = try? ChangeBody(
                decoding: Envelope.open(entry, at: place, with: keys?.key(of: entry, by: dot.replica)),
                author: dot.replica, sequence: dot.sequence)
        }
        changes[dot] = Change(
            dot: dot, hash: hash, station: station, kind: kind, deps: entry.deps, epoch: entry.seal?.epoch,
            body: body, past: past)
        return nil
    }

    /// Forgets entries that no disk holds any more.
    mutating func forget(where isGone: (Dot) -> Bool) {
        changes = changes.filter { !isGone($0.key) }
    }

    /// Whether the author of `later` had seen `earlier`.
    func hasSeen(_ earlier: Dot, by later: Dot) -> Bool {
        changes[later]?.past.contains(earlier) ?? false
    }

    /// The data changes that a vector contains, in no particular order.
    func changes(in vector: VersionVector) -> [Change] {
        changes.values.filter { $0.kind == .data && vector.contains($0.dot) }
    }
}
