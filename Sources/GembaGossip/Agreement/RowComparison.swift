internal import GembaWire

/// The asking end of a comparison of rows: narrows a difference down from all rows to single ones, and has these made anew.
///
/// ```
/// idle ─ begin ─► due ─ ask ─► asked ─ statement ─► reading own ─► due …  no range left: equal, or
///                 replaying ─► due ─ ask ─► asked ─ states ─► reading own ─► due …  no row left: different
/// ```
///
/// The peer remembers nothing: each question names what it is about and what both must hold. A range whose fingerprints differ
/// is followed by the ranges that it consists of, the deepest first, so that what is open stays short. Finding one row among n
/// takes a question for each of log16(n / 64) levels.
struct RowComparison: Sendable {
    private enum Phase: Hashable, Sendable {
        /// A question is to be asked.
        case due
        case asked(CompareMessage.Subject, at: Instant)
        /// The store reads this node's own rows.
        case reading(StatementMessage.Content)
        /// The store makes rows anew.
        case replaying
    }

    private struct Series: Sendable {
        var basis: AgreementBasis
        var phase = Phase.due
        /// Ranges to ask about.
        var ranges: [FingerprintedRange]
        /// The rows that differ.
        var found: Set<RowKey> = []
        /// The rows whose states are to be asked for.
        var rows: [RowKey] = []
        /// Whether the rows that differ were made anew, and those that were something else.
        var isReplayed = false
        var repaired: [RowDifference] = []
        var unexplained: [RowDifference] = []
        var isPartial = false
        var questions = 0
        /// When the first question was asked to which no answer has come; nil when all were answered.
        var silentSince: Instant?
    }

    private let limits: SessionLimits
    private var series: Series?
    private var number: UInt64 = 0
    private var retry: Patience

    init(limits: SessionLimits) {
        self.limits = limits
        retry = Patience(from: limits.comparisonRetry, to: limits.greatestPatience)
    }

    /// Whether a comparison is under way.
    var isActive: Bool { series != nil }

    /// The basis of the comparison that is under way.
    var basis: AgreementBasis? { series?.basis }

    // MARK: - Asking

    mutating func begin(_ basis: AgreementBasis, root: RowFingerprint) {
        precondition(series == nil, "one comparison at a time")
        series = Series(basis: basis, ranges: [FingerprintedRange(range: .all, fingerprint: root)])
        retry.reset()
    }

    /// The peer forgot everything.
    mutating func restart(into outbox: inout Outbox) {
        if series != nil { finish(.unknown, into: &outbox) }
    }

    mutating func advance(mayAsk: Bool, at now: Instant, into outbox: inout Outbox) {
        guard let series, series.phase == .due, mayAsk else { return }
        guard series.questions < limits.comparisonQuestions else {
            finish(.unknown, into: &outbox)
            return
        }
        let subject: CompareMessage.Subject
        if series.rows.isEmpty {
            let ranges = series.ranges.suffix(Limits.comparedRanges)
            self.series?.ranges.removeLast(ranges.count)
            subject = .ranges(ranges.sorted { $0.range < $1.range })
        } else {
            let rows = series.rows.prefix(Limits.comparedRows)
            self.series?.rows.removeFirst(rows.count)
            subject = .rows(Array(rows))
        }
        number += 1
        self.series?.questions += 1
        ask(subject, at: now, into: &outbox)
    }

    private mutating func ask(_ subject: CompareMessage.Subject, at now: Instant, into outbox: inout Outbox) {
        guard let series else { return }
        self.series?.phase = .asked(subject, at: now)
        self.series?.silentSince = series.silentSince ?? now
        outbox.send(.compare(CompareMessage(number: number, basis: series.basis, subject: subject)))
    }

    mutating func tick(at now: Instant, into outbox: inout Outbox) {
        guard let series, case .asked(let subject, let time) = series.phase else { return }
        if let since = series.silentSince, since.duration(to: now) >= limits.comparisonPatience {
            finish(.unknown, into: &outbox)
        } else if time.duration(to: now) >= retry.current {
            retry.grow()
            ask(subject, at: now, into: &outbox)
        }
    }

    // MARK: - Answers

    /// Takes an answer in. One to another question than the last is dropped.
    mutating func receive(_ statement: StatementMessage, into outbox: inout Outbox) throws(ProtocolViolation) {
        guard let series, case .asked(let subject, _) = series.phase, statement.number == number else { return }
        retry.reset()
        self.series?.silentSince = nil
        guard let content = statement.content else {
            finish(.unknown, into: &outbox)
            return
        }
        switch (subject, content) {
        case (.ranges(let asked), .ranges(let stated)):
            let ranges = Set(asked.map(\.range))
            guard stated.allSatisfy({ ranges.contains($0.range) }) else {
                throw ProtocolViolation(.malformedFrame, "a statement about a range that was not asked about")
            }
            if stated.isEmpty {
                proceed(into: &outbox)
            } else {
                read(.ranges(stated), for: content, into: &outbox)
            }
        case (.rows(let asked), .rows(let stated)):
            guard stated.map(\.key) == asked else {
                throw ProtocolViolation(.malformedFrame, "a statement about rows that were not asked about")
            }
            read(.states(asked), for: content, into: &outbox)
        default:
            throw ProtocolViolation(.malformedFrame, "a statement about something else than was asked")
        }
    }

    private mutating func read(
        _ request: RowRequest, for content: StatementMessage.Content, into outbox: inout Outbox
    ) {
        guard let series else { return }
        self.series?.phase = .reading(content)
        outbox.add(.consultRows(series.basis, request))
    }

    // MARK: - Own rows

    /// Takes in what the store says of this node's own rows; nil when they are made from something else by now.
    mutating func receive(_ report: RowReport?, into outbox: inout Outbox) {
        guard let series else { return }
        switch series.phase {
        case .due, .asked: return
        case .reading, .replaying: break
        }
        switch (series.phase, report) {
        case (.reading(.ranges(let theirs)), .ranges(let ours)) where ours.map(\.range) == theirs.map(\.range):
            for (mine, other) in zip(ours, theirs) { compare(mine.statement, with: other.statement, in: mine.range) }
            if (self.series?.found.count ?? 0) > limits.foundRows {
                self.series?.isPartial = true
                self.series?.ranges = []
            }
        case (.reading(.rows(let theirs)), .states(let ours)) where ours.map(\.key) == theirs.map(\.key):
            for (mine, other) in zip(ours, theirs) where mine.state != other.state {
                self.series?.unexplained.append(RowDifference(key: mine.key, ours: mine.state, other: other.state))
            }
        case (.replaying, .replayed(let repaired)):
            self.series?.isReplayed = true
            self.series?.repaired = repaired
            self.series?.rows = series.found.sorted()
        default:
            finish(.unknown, into: &outbox)
            return
        }
        proceed(into: &outbox)
    }

    private mutating func compare(_ ours: RangeStatement, with theirs: RangeStatement, in range: RowRange) {
        switch (ours, theirs) {
        case (.children(let ours), .children(let theirs)):
            for (child, pair) in zip(range.children, zip(ours, theirs)) where pair.0 != pair.1 {
                series?.ranges.append(FingerprintedRange(range: child, fingerprint: pair.0))
            }
        case (.rows(let ours), .rows(let theirs)):
            let mine = Dictionary(uniqueKeysWithValues: ours.map { ($0.key, $0) })
            let other = Dictionary(uniqueKeysWithValues: theirs.map { ($0.key, $0) })
            for key in Set(mine.keys).union(other.keys) where mine[key] != other[key] {
                // What one of them does not understand says nothing about the other.
                if [mine[key], other[key]].contains(where: { $0 != nil && $0?.fingerprint == nil }) { continue }
                series?.found.insert(key)
            }
        default:
            // The store states ranges in the form of the peer's statement.
            break
        }
    }

    /// Goes on to what is next.
    private mutating func proceed(into outbox: inout Outbox) {
        guard let series else { return }
        if !series.ranges.isEmpty || !series.rows.isEmpty {
            self.series?.phase = .due
        } else if series.found.isEmpty {
            finish(.equal, into: &outbox)
        } else if series.isReplayed {
            finish(
                .different(
                    AgreementFindings(
                        rows: series.found.sorted(), repaired: series.repaired, unexplained: series.unexplained,
                        isPartial: series.isPartial)), into: &outbox)
        } else {
            self.series?.phase = .replaying
            outbox.add(.consultRows(series.basis, .replay(series.found.sorted())))
        }
    }

    private mutating func finish(_ verdict: AgreementVerdict, into outbox: inout Outbox) {
        guard let series else { return }
        self.series = nil
        outbox.add(.rowsCompared(series.basis, verdict))
    }
}
