import GembaCausality
import GembaWire

/// Finds an order for the entries of all data logs in which nothing stands before its causes.
///
/// A checkpoint brings logs one after another, which is not the order in which anybody applied them, and bodies that come
/// later do not change that. Peers are sent entries in this replica's order and apply a run whole, so stretches that
/// have bodies must end at kept heads.
///
/// What each author had seen at each of its entries is known from the checkpoint; so no body is read. A log is followed as
/// far as what it depends on is placed; then another takes its turn, as in Kahn's algorithm (Comm. ACM 5:11, 1962) with
/// units of entries as nodes. Takes time linear in heads and steps, and memory of some bytes for each.
struct CausalOrder {
    private let log: LogStore
    private let history: CausalHistory
    private var logs: [Log] = []
    private var places: [Int64: Int] = [:]
    private var stretches: [LogStretch] = []
    private var end: Int64 = 1

    private struct Log {
        var number: Int64
        /// How many entries are placed.
        var placed: Int64 = 0
        /// How many there are.
        var count: Int64
        var units: [Unit] = []
        var nextUnit = 0
        /// Sorted by the number of the entry from which on the author had seen something.
        var steps: [Step] = []
        var nextStep = 0
        /// Logs that wait for this one.
        var waiting: [Int] = []
    }

    /// Entries from the end of the unit before on.
    private struct Unit {
        /// The number of entries of the log up to its end.
        var count: Int64
        /// Whether the order may go to another log anywhere in it, since its entries are folded.
        var isFree: Bool
    }

    private struct Step {
        var sequence: SequenceNumber
        /// The place of the other log.
        var peer: Int
        /// How many entries of it the author had seen.
        var seen: Int64
    }

    init(_ context: StoreContext) {
        log = context.log
        history = context.history
    }

    /// The stretches of such an order from the beginning; nil when what is known of the logs admits none.
    mutating func find() throws -> [LogStretch]? {
        for tip in try log.tips(of: .data) {
            places[tip.number] = logs.count
            logs.append(Log(number: tip.number, count: Int64(tip.sequence) + 1, units: try units(of: tip)))
        }
        for index in logs.indices { logs[index].steps = try steps(of: logs[index].number) }
        var ready = Array(logs.indices)[...]
        while let index = ready.popFirst() { if advance(index) { ready += wake(index) } }
        return logs.allSatisfy { $0.placed == $0.count } ? stretches : nil
    }

    private func units(of tip: LogTip) throws -> [Unit] {
        var units: [Unit] = []
        try log.connection.statement(
            "SELECT id, length(directory), heads, coding FROM gemba_segment WHERE id BETWEEN ? AND ? ORDER BY id"
        )
        .bind(1, Segment.Key(LocalDot(replica: tip.number, sequence: 0)).rawValue).bind(
            2, Segment.Key(tip.dot).rawValue
        )
        .forEach { row in
            let first = Int64(Segment.Key(rawValue: row.int(0)).dot.sequence)
            let end = first + row.int(1) / Int64(Segment.recordBytes)
            if Segment.Coding.isFolded(row.int(3)) {
                // Who lacks folded entries is sent nothing of what lies before them, so that it may end anywhere.
                if units.last?.count ?? 0 < first { units.append(Unit(count: first, isFree: false)) }
                units.append(Unit(count: end, isFree: true))
                return
            }
            for index in Segment.headIndices(row.bytes(2)) {
                units.append(Unit(count: first + Int64(index) + 1, isFree: false))
            }
        }
        return units
    }

    private func steps(of number: Int64) throws -> [Step] {
        var steps: [Step] = []
        try history.forEachStep(of: number) { peer, sequence, upTo in
            guard let place = places[peer] else { return }
            steps.append(Step(sequence: sequence, peer: place, seen: Int64(upTo) + 1))
        }
        steps.sort { $0.sequence < $1.sequence }
        return steps
    }

    // MARK: - Placing

    /// Places what can be placed of a log.
    ///
    /// - Returns: whether there was anything.
    private mutating func advance(_ index: Int) -> Bool {
        var subject = logs[index]
        while subject.nextStep < subject.steps.count {
            let step = subject.steps[subject.nextStep]
            guard logs[step.peer].placed >= step.seen else { break }
            subject.nextStep += 1
        }
        var reach = Int64.max
        if subject.nextStep < subject.steps.count {
            let step = subject.steps[subject.nextStep]
            reach = Int64(step.sequence)
            logs[step.peer].waiting.append(index)
        }
        var placed = subject.placed
        while subject.nextUnit < subject.units.count, subject.units[subject.nextUnit].count <= reach {
            placed = subject.units[subject.nextUnit].count
            subject.nextUnit += 1
        }
        if subject.nextUnit < subject.units.count, subject.units[subject.nextUnit].isFree {
            placed = max(placed, reach)
        }
        let count = placed - subject.placed
        if count > 0 { place(count, of: subject) }
        subject.placed = placed
        logs[index] = subject
        return count > 0
    }

    private mutating func place(_ count: Int64, of subject: Log) {
        if let last = stretches.last, last.replica == subject.number {
            stretches[stretches.count - 1].count += count
        } else {
            stretches.append(
                LogStretch(
                    position: end, replica: subject.number, first: SequenceNumber(subject.placed), count: count))
        }
        end += count
    }

    private mutating func wake(_ index: Int) -> [Int] {
        defer { logs[index].waiting = [] }
        return logs[index].waiting
    }
}

extension LogStore {
    /// Puts another order of the same entries in the place of the one in which they stood. The gaps in that, where entries were
    /// taken away, become one at its end, so that no place is given twice.
    func renewOrder(_ stretches: [LogStretch]) throws {
        let end = try lastPosition(of: .data) + 1
        var count: Int64 = 0
        try scanStretches(of: .data, after: 0) { stretch in
            count += stretch.count
            return true
        }
        guard let last = stretches.last, last.end == count + 1 else {
            throw StoreError(.corrupted, "The order of the logs does not cover them; run `gemba verify`.")
        }
        try connection.statement("DELETE FROM gemba_order WHERE kind = ?").bind(1, Int64(LogKind.data.rawValue)).run()
        for stretch in stretches { try insertStretch(stretch, of: .data) }
        if last.end < end { try insertGap(at: last.end, count: end - last.end, of: .data) }
        try markBeginnings(stretches)
        forgetSegments()
    }

    /// Has the heads before stretches kept when segments are packed.
    private func markBeginnings(_ stretches: [LogStretch]) throws {
        var open: OpenDirectory?
        for stretch in stretches.sorted(by: { ($0.replica, $0.first) < ($1.replica, $1.first) }) {
            let dot = LocalDot(replica: stretch.replica, sequence: stretch.first)
            if open?.covers(dot) != true {
                try open?.save(to: connection)
                open = try directory(of: dot)
            }
            open?.markBeginning(dot)
        }
        try open?.save(to: connection)
    }

    private func directory(of dot: LocalDot) throws -> OpenDirectory? {
        let found = try connection.statement(Self.selectDirectory).bind(1, Segment.Key(dot).rawValue)
            .first { OpenDirectory(Segment.Key(rawValue: $0.int(0)), $0.bytes(1)) }
        return found.flatMap { $0.covers(dot) ? $0 : nil }
    }
}

/// The directory of a segment in which beginnings of stretches are marked.
private struct OpenDirectory {
    private let key: Segment.Key
    private var bytes: [UInt8]
    private var isChanged = false

    init(_ key: Segment.Key, _ bytes: [UInt8]) {
        self.key = key
        self.bytes = bytes
    }

    func covers(_ dot: LocalDot) -> Bool {
        let first = key.dot
        return first.replica == dot.replica && dot.sequence >= first.sequence
            && Int(dot.sequence - first.sequence) < bytes.count / Segment.recordBytes
    }

    mutating func markBeginning(_ dot: LocalDot) {
        let index = Int(dot.sequence - key.dot.sequence)
        if SegmentRecord(bytes, at: index).beginsStretch { return }
        SegmentRecord.markBeginning(at: index, in: &bytes)
        isChanged = true
    }

    func save(to connection: Connection) throws {
        guard isChanged else { return }
        try connection.statement("UPDATE gemba_segment SET directory = ? WHERE id = ?")
            .bind(1, bytes).bind(2, key.rawValue).run()
    }
}
