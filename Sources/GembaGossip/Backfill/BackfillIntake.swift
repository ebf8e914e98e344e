internal import GembaWire

/// The taking end of a backfill: asks the peer for bodies that this node lacks, piece by piece, and hands them to the store.
///
/// ```
/// idle ─ begin ─► due ─ nothing else to do ─► asked ─ answer ─► storing ─► due, or idle after the last answer
/// ```
///
/// One question is open at a time, and none while changes of the peer wait to be applied. The peer remembers nothing: each
/// question repeats what is wanted, and from where to go on. A series of questions belongs to the round in which it
/// began, because what the peer holds, and in which order, is another afterwards.
struct BackfillIntake: Sendable {
    private enum Phase: Hashable, Sendable {
        /// A question is to be asked.
        case due
        case asked(at: Instant)
        case storing(BodiesMessage)
    }

    private struct Series: Sendable {
        var round: UInt64
        var ranges: [BackfillRange]
        var position: UInt64 = 0
        var phase = Phase.due
        /// When the first question was asked to which no answer has come; nil when all were answered.
        var silentSince: Instant?
        /// Answers in a row that brought nothing.
        var fruitless = 0
    }

    private let limits: SessionLimits
    private var series: Series?
    private var pace: Pace
    private var retry: Patience
    /// In which round the peer said that it has no more, and when it may have again.
    private var exhausted: (round: UInt64, until: Instant)?

    init(limits: SessionLimits) {
        self.limits = limits
        pace = Pace(
            start: UInt64(limits.batchBytes) / 4, least: UInt64(limits.batchBytes) / 64,
            greatest: UInt64(limits.batchBytes))
        retry = Patience(from: limits.backfillRetry, to: limits.greatestPatience)
    }

    // MARK: - Series

    /// Whether the peer may have something that it was not asked for yet.
    func mayBegin(round: UInt64, at now: Instant) -> Bool {
        guard series == nil else { return false }
        return exhausted.map { $0.round != round || $0.until <= now } ?? true
    }

    mutating func begin(_ ranges: [BackfillRange], round: UInt64) {
        precondition(series == nil, "one backfill at a time")
        if ranges.isEmpty { return }
        series = Series(round: round, ranges: ranges)
        retry.reset()
    }

    /// The peer forgot everything.
    mutating func restart(into outbox: inout Outbox) {
        exhausted = nil
        end(into: &outbox)
    }

    private mutating func end(into outbox: inout Outbox) {
        guard series != nil else { return }
        series = nil
        outbox.add(.backfilled)
    }

    private mutating func exhaust(at now: Instant, into outbox: inout Outbox) {
        if let series { exhausted = (series.round, now.advanced(by: limits.backfillRest)) }
        end(into: &outbox)
    }

    // MARK: - Asking

    /// - Parameters:
    ///   - round: the round that is under way.
    ///   - mayAsk: whether nothing more urgent is to be done.
    mutating func advance(round: UInt64, mayAsk: Bool, at now: Instant, into outbox: inout Outbox) {
        guard let series else { return }
        if series.round != round {
            if case .storing = series.phase { return }
            end(into: &outbox)
        } else if series.phase == .due, mayAsk {
            ask(at: now, into: &outbox)
        }
    }

    private mutating func ask(at now: Instant, into outbox: inout Outbox) {
        guard let series else { return }
        self.series?.phase = .asked(at: now)
        self.series?.silentSince = series.silentSince ?? now
        outbox.send(
            .backfill(
                BackfillMessage(
                    round: series.round, position: series.position, maximumBytes: pace.allowance,
                    ranges: series.ranges)))
    }

    mutating func tick(at now: Instant, into outbox: inout Outbox) {
        guard let series, case .asked(let time) = series.phase else { return }
        if let since = series.silentSince, since.duration(to: now) >= limits.offerPatience {
            exhaust(at: now, into: &outbox)
        } else if time.duration(to: now) >= retry.current {
            retry.grow()
            self.series?.phase = .due
        }
    }

    // MARK: - Answers

    /// Takes an answer in. One to another question than the last is dropped.
    mutating func receive(_ answer: BodiesMessage, at now: Instant, into outbox: inout Outbox) throws(ProtocolViolation)
    {
        guard let series, case .asked(let time) = series.phase, answer.round == series.round,
            answer.after == series.position
        else { return }
        pace.noteAcknowledged(after: time.duration(to: now))
        retry.reset()
        self.series?.silentSince = nil
        self.series?.phase = .storing(answer)
        guard !answer.runs.isEmpty else {
            finish(filled: 0, at: now, into: &outbox)
            return
        }
        do throws(WireError) {
            outbox.add(.fill(try answer.unpacked()))
        } catch {
            throw ProtocolViolation(.malformedFrame, "bodies do not unpack: \(error.message)")
        }
    }

    /// Takes in what became of the bodies that were last given to the store.
    mutating func receive(
        _ outcome: FillOutcome, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard case .storing = series?.phase else { return }
        switch outcome {
        case .filled(let count): finish(filled: count, at: now, into: &outbox)
        case .invalid(let text): throw ProtocolViolation(.invalidChange, text)
        case .unavailable:
            // The same question is asked again when the store may answer.
            series?.phase = .asked(at: now)
        }
    }

    private mutating func finish(filled: Int, at now: Instant, into outbox: inout Outbox) {
        guard let series, case .storing(let answer) = series.phase else { return }
        let fruitless = filled > 0 ? 0 : series.fruitless + 1
        self.series?.fruitless = fruitless
        self.series?.position = answer.position
        self.series?.phase = .due
        if answer.isLast || fruitless >= limits.fruitlessAnswers { exhaust(at: now, into: &outbox) }
    }
}
