import GembaCausality
import GembaWire

/// Where in a log's tree of entries a run belongs.
enum RunPlacement {
    /// All of it is held.
    case held
    /// What is not held follows what is.
    case goesOn(Run, RunPlace)
    /// It goes on from an entry that is not held; later ones are not, either.
    case isAhead
    /// It goes on from another history, or leaves the tree where no branch can begin. What leaves it comes with the hash of the entry
    /// before, if that is known.
    case contradicts(Run, after: ChangeHash?)
}

/// Where a run begins of which nothing is held.
enum RunPlace {
    /// With the log's genesis.
    case beginning
    /// Where a chain ends.
    case end(LogTip)
    /// At an entry, with its hash, that has another successor.
    case fork(LocalDot, ChangeHash)
    /// At an entry, with this hash, that was set aside because it does not count.
    case aside(ChangeHash)

    /// The hash of the entry before.
    var hash: ChangeHash? {
        switch self {
        case .beginning: nil
        case .end(let tip): tip.hash
        case .fork(_, let hash), .aside(let hash): hash
        }
    }

    /// The chain that goes on there; nil when one begins.
    var chain: Int64? {
        if case .end(let tip) = self { tip.number } else { nil }
    }
}

/// Finds the place of runs of logs of which something is held.
struct RunPlacer {
    let log: LogStore

    /// - Parameters:
    ///   - tip: the chain that begins with the log's genesis.
    ///   - note: told of each entry that is held already.
    func place(
        _ run: Run, in tip: LogTip, noting note: (_ entry: [UInt8], LocalDot) throws -> Void
    ) throws -> RunPlacement {
        if run.first == tip.sequence + 1, run.previous == tip.hash.prefix,
            try log.branches().chains(leaving: tip.dot).isEmpty
        {
            return .goesOn(run, .end(tip))
        }
        var last: LocalDot?
        if run.first > 0 {
            last = try entry(before: run, in: tip)
            guard last != nil else {
                let chains = try log.branches().chains(of: tip.number)
                let isAhead = try chains.allSatisfy { number in
                    try log.tip(number: number).map { $0.sequence + 1 < run.first } ?? true
                }
                return isAhead ? .isAhead : .contradicts(run, after: nil)
            }
        }
        for (index, entry) in run.entries.enumerated() {
            let successors = try successors(of: last, in: tip)
            guard let next = try successors.first(where: { try isSame(entry, as: $0) }) else {
                return try place(run, from: index, after: last, isEnd: successors.isEmpty)
            }
            try note(entry, next)
            last = next
        }
        return .held
    }

    private func place(_ run: Run, from index: Int, after last: LocalDot?, isEnd: Bool) throws -> RunPlacement {
        // Two geneses of one name would be two texts of one hash.
        guard let last, let tip = try log.tip(number: last.replica) else { return .contradicts(run, after: nil) }
        if isEnd { return .goesOn(run.dropFirst(index, after: tip.hash.prefix), .end(tip)) }
        guard let hash = try log.wholeHash(of: tip, at: last.sequence) else { return .contradicts(run, after: nil) }
        let rest = run.dropFirst(index, after: hash.prefix)
        let next = LocalDot(replica: last.replica, sequence: last.sequence + 1)
        // Of a successor that is folded there is no hash, which would be its name.
        let isNameless = try log.record(of: next) != nil && log.entry(at: next)?.isEmpty ?? true
        return !isNameless ? .goesOn(rest, .fork(last, hash)) : .contradicts(rest, after: hash)
    }

    /// The entry that a run says it follows; nil when it is not held.
    private func entry(before run: Run, in tip: LogTip) throws -> LocalDot? {
        for number in try log.branches().chains(of: tip.number) {
            let dot = LocalDot(replica: number, sequence: run.first - 1)
            if let record = try log.record(of: dot), record.prefix == run.previous { return dot }
        }
        return nil
    }

    /// What follows an entry, or what begins the log, in this database.
    private func successors(of dot: LocalDot?, in tip: LogTip) throws -> [LocalDot] {
        guard let dot else { return [LocalDot(replica: tip.number, sequence: 0)] }
        let sequence = dot.sequence + 1
        let own = LocalDot(replica: dot.replica, sequence: sequence)
        let others = try log.branches().chains(leaving: dot).map { LocalDot(replica: $0, sequence: sequence) }
        return try log.record(of: own) == nil ? others : [own] + others
    }

    /// What is folded cannot be compared; that the rest follows what is held here shows that it was the same.
    private func isSame(_ entry: [UInt8], as dot: LocalDot) throws -> Bool {
        try log.entry(at: dot)?.elementsEqual(entry) ?? true
    }
}
