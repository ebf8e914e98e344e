public import GembaWire

extension Session {
    // MARK: - Inputs: taking

    /// Whether the peer may have bodies, and was not asked for them in vain a while ago.
    public func mayBackfill(at moment: Moment) -> Bool {
        end == nil && configuration.standing == .members && peer?.knowsBackfill == true && data.phase == .streaming
            && backfill.mayBegin(round: data.round, at: moment.instant)
    }

    /// Asks the peer for bodies until it has no more of them, which ``SessionAction/backfilled`` tells.
    ///
    /// - Parameter ranges: what is wanted, sorted by log and number; not empty.
    public mutating func beginBackfill(_ ranges: [BackfillRange], at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.backfill.begin(ranges, round: session.data.round)
        }
    }

    /// Answers ``SessionAction/fill(_:)``.
    public mutating func onFilled(_ outcome: FillOutcome, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.backfill.receive(outcome, at: moment.instant, into: &outbox)
        }
    }

    // MARK: - Inputs: giving

    /// Answers ``SessionAction/readBodies(_:)``; nil when the store could not read.
    public mutating func onBodies(_ loaded: LoadedBodies?, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.serving.receive(loaded, into: &outbox)
        }
    }

    // MARK: - Course

    /// Asks and answers when there is nothing else to do: no change ever waits for a body.
    mutating func advanceBackfill(at now: Instant, into outbox: inout Outbox) {
        let isQuiet = data.phase == .streaming && linkIsWritable && applying == nil
        backfill.advance(
            round: data.round, mayAsk: isQuiet && data.awaitsNothing(at: now), at: now, into: &outbox)
        serving.advance(round: data.round, mayAnswer: isQuiet && data.outgoing.isIdle, at: now, into: &outbox)
    }

    /// Takes in a message about bodies. In the lobby there is nothing to ask for.
    mutating func receiveBackfill(
        _ message: Message, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard configuration.standing == .members else { return }
        switch message {
        case .backfill(let question): serving.receive(question)
        case .bodies(let answer): try backfill.receive(answer, at: now, into: &outbox)
        default: break
        }
    }
}

/// What the store read for a ``SessionAction/readBodies(_:)``.
public struct LoadedBodies: Hashable, Sendable {
    /// The runs in apply order; may be empty.
    public var runs: [BodyRun]
    /// The place in the apply order from which to go on; behind that of the question unless the end is reached.
    public var position: UInt64
    /// Whether nothing of what was asked for lies behind `position`.
    public var reachedEnd: Bool

    /// Creates an answer.
    public init(runs: [BodyRun], position: UInt64, reachedEnd: Bool) {
        self.runs = runs
        self.position = position
        self.reachedEnd = reachedEnd
    }
}

/// What became of a ``SessionAction/fill(_:)``.
public enum FillOutcome: Hashable, Sendable {
    /// So many entries have a body now that had none. Others were there, or belong to another history.
    case filled(Int)
    /// A run contradicts itself or its signature, which is the peer's fault.
    case invalid(String)
    /// The store cannot write at present, as with a full disk, which is not the peer's fault.
    case unavailable
}
