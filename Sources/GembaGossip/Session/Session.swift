internal import GembaCausality
public import GembaWire

/// One link to one peer, from its first hello to its end: a pure state machine.
///
/// The shell that owns it feeds in what happens (frames, the answers of the store, time) and carries out the
/// ``SessionAction``s that come back. Nothing in here reads a clock, draws a random number or does I/O, so that a run
/// is reproduced from its inputs alone.
///
/// The wire may lose, repeat and delay frames. Every message is therefore either repeated until its effect shows, or its
/// loss is noticed by offsets and pulses and answered with a new round of comparison (``LogSync``).
///
/// The shape is that of a protocol instance with directives, as in Apple's swift-cluster-membership.
public struct Session: Sendable {
    /// What the session was created with; the standing is the present one.
    public private(set) var configuration: SessionConfiguration
    var greeting: Greeting
    var lobby: Lobby?
    var roster: LogSync
    var data: LogSync
    var offering: CheckpointOffering
    var intake: CheckpointIntake
    var backfill: BackfillIntake
    var serving: BackfillServing
    var comparison: RowComparison
    var answering: RowAnswering
    /// What the store is applying; the roster goes first whenever it is free.
    var applying: LogKind?
    var clock = ClockEstimate()
    var linkIsWritable = true
    private var isStarted = false
    var framesOfOtherRuns: UInt64 = 0
    var pace: FramePace

    /// How the session ended, or nil while it lives.
    public internal(set) var end: SessionEnd?

    /// Invariant: set from the start on.
    var lastSent = Instant()
    var lastPulse = Instant()
    var lastHeard = Instant()
    var lastPrompt: Instant?

    /// Creates a session, which does nothing until ``start(at:)``.
    public init(_ configuration: SessionConfiguration) {
        self.configuration = configuration
        greeting = Greeting(configuration: configuration)
        roster = LogSync(kind: .roster, limits: configuration.limits)
        data = LogSync(kind: .data, limits: configuration.limits)
        offering = CheckpointOffering(limits: configuration.limits)
        intake = CheckpointIntake(limits: configuration.limits)
        backfill = BackfillIntake(limits: configuration.limits)
        serving = BackfillServing(limits: configuration.limits)
        comparison = RowComparison(limits: configuration.limits)
        answering = RowAnswering(limits: configuration.limits)
        pace = FramePace(limits: configuration.limits)
    }

    /// The peer's introduction; nil before it arrived.
    public var peer: Hello? { greeting.peer }

    /// The protocol version in use; nil before the peer's hello.
    public var version: UInt64? { greeting.version }

    /// Frames that had no effect because they came before: of an earlier run of the peer, or batches taken in already. A
    /// lossy wire brings some; a replay brings nothing else.
    public var repeatedFrames: UInt64 {
        framesOfOtherRuns + roster.incoming.repeatedBatches + data.incoming.repeatedBatches
    }

    /// Frames that were dropped because they came faster than anybody needs.
    public var excessFrames: UInt64 { pace.excess }

    /// Whether this node holds everything that the peer offered in the last comparison.
    public func isSettled(_ kind: LogKind) -> Bool { kind == .roster ? roster.isSettled : data.isSettled }

    /// Bytes of data that were received and are not applied yet.
    public var waitingBytes: UInt64 { data.incoming.waiting }

    /// Whether the peer may have more data on its way than peers ordinarily may.
    public var hasRoom: Bool {
        get { data.incoming.isWide }
        set { data.incoming.isWide = newValue }
    }

    // MARK: - Inputs: the link

    /// The link is up.
    public mutating func start(at moment: Moment) -> [SessionAction] {
        precondition(!isStarted, "a session starts once")
        isStarted = true
        lastSent = moment.instant
        lastPulse = moment.instant
        lastHeard = moment.instant
        if configuration.standing == .strangerPeer {
            lobby = Lobby(since: moment.instant, limits: configuration.limits)
        }
        return perform(at: moment) { (session, outbox) in
            session.sendHello(at: moment, into: &outbox)
        }
    }

    /// A frame arrived, which was `byteCount` bytes long.
    public mutating func receive(_ frame: Frame, byteCount: Int, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.lobby?.admit(bytes: byteCount)
            let before = session.repeatedFrames
            try session.receive(frame, at: moment, into: &outbox)
            try session.pace.noteRepeated(session.repeatedFrames - before, at: moment.instant)
        }
    }

    /// The link takes no more frames for the moment; those that it refused are the shell's to keep or drop.
    public mutating func onLinkBlocked() { linkIsWritable = false }

    /// The link takes frames again.
    public mutating func onLinkWritable(at moment: Moment) -> [SessionAction] {
        linkIsWritable = true
        return perform(at: moment) { _, _ in }
    }

    /// Time has passed. Called several times a second.
    public mutating func onTick(at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.tick(at: moment, into: &outbox)
        }
    }

    /// Ends the session from this side, and tells the peer why.
    public mutating func close(_ code: ByeMessage.Code, _ text: String, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (_, _) throws(ProtocolViolation) in throw ProtocolViolation(code, text) }
    }

    // MARK: - Inputs: the store

    /// Answers ``SessionAction/requestSnapshot(_:)``.
    public mutating func onSnapshot(
        _ snapshot: VectorSnapshot, of kind: LogKind, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.withSync(kind) { (sync) throws(ProtocolViolation) in
                try sync.receive(snapshot, at: moment.instant, into: &outbox)
            }
        }
    }

    /// Answers ``SessionAction/read(_:)``.
    public mutating func onLoaded(_ loaded: LoadedRuns, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.withSync(loaded.kind) { $0.outgoing.receive(loaded) }
        }
    }

    /// A snapshot or a read failed; the session asks again in a while.
    public mutating func onStoreUnavailable(_ kind: LogKind, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.withSync(kind) { $0.noteStoreUnavailable(at: moment.instant) }
        }
    }

    /// Answers ``SessionAction/apply(_:_:)``.
    public mutating func onApplied(
        _ outcome: ApplyOutcome, of kind: LogKind, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.receive(outcome, of: kind, at: moment.instant, into: &outbox)
        }
    }

    /// The node holds new entries durably: its own, or those of another session.
    /// - Parameters:
    ///   - tips: the new tips of the logs that advanced.
    ///   - position: the place in the apply order up to which all tips have been told by now; nil if that is not known.
    public mutating func onChangesAvailable(
        _ kind: LogKind, tips: [ChangeReference], upTo position: Int64? = nil, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.withSync(kind) {
                $0.noticeEntries(tips, upTo: position, at: moment.instant, into: &outbox)
            }
            if kind == .roster { session.data.noteRosterNews(at: moment.instant) }
        }
    }

    // MARK: - Inputs: the roster

    /// The roster shows that both ends are members: the lobby is over.
    public mutating func onUpgrade(at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            guard session.configuration.standing != .members else { return }
            // What a stranger was not shown is read again.
            if session.configuration.standing == .strangerPeer { session.roster.outgoing.rewind() }
            session.configuration.standing = .members
            session.lobby = nil
        }
    }
}
