import GembaCausality
import GembaGossip
import GembaWire

/// One session whose peer is the test: it says what it likes and looks at what comes back.
struct SessionProbe {
    static let plant = PlantID(rawValue: .init(high: 7, low: 7))
    static let ownStation = StationKey(rawValue: .init(high: 100, low: 0))
    static let peerStation = StationKey(rawValue: .init(high: 200, low: 0))
    static let peerSession = SessionID(rawValue: 22)

    var session: Session
    var now = 0
    /// All actions so far.
    var actions: [SessionAction] = []
    /// What the store holds.
    var roster = VectorSnapshot(references: [], position: 0)
    var data = VectorSnapshot(references: [], position: 0)
    /// What is read for the peer, each time that something is.
    var runs: [Run] = []
    /// What applying comes to; nil leaves the store busy.
    var outcome: ApplyOutcome? = .advanced([])

    init(standing: SessionStanding = .members, expectedStation: StationKey? = nil, limits: SessionLimits = .init()) {
        session = Session(
            SessionConfiguration(
                station: Self.ownStation, plant: Self.plant, nonce: 1, session: SessionID(rawValue: 11),
                direction: .dialled, standing: standing, expectedStation: expectedStation, limits: limits))
    }

    var moment: Moment { Moment(instant: Instant(.milliseconds(now)), wallClock: 1_000_000 + UInt64(now)) }

    // MARK: - Inputs

    mutating func start() { take(session.start(at: moment)) }

    mutating func receive(_ message: Message, session id: SessionID = peerSession, bytes: Int = 100) {
        take(session.receive(Frame(session: id, message: message), byteCount: bytes, at: moment))
    }

    mutating func tick(after milliseconds: Int) {
        now += milliseconds
        take(session.onTick(at: moment))
    }

    /// Starts, exchanges hellos and finds the rosters, and then the data, equal.
    mutating func settle(capabilities: UInt64 = 0) {
        start()
        receive(.hello(Self.hello(capabilities: capabilities)))
        agree(on: .roster)
        agree(on: .data)
    }

    /// Answers the newest root with its like.
    mutating func agree(on kind: LogKind) {
        guard let root = roots.last(where: { $0.kind == kind }) else { return }
        receive(.root(root))
    }

    private mutating func take(_ new: [SessionAction]) {
        for action in new {
            actions.append(action)
            switch action {
            case .requestSnapshot(let kind):
                take(session.onSnapshot(kind == .roster ? roster : data, of: kind, at: moment))
            case .read(let request):
                take(
                    session.onLoaded(
                        LoadedRuns(
                            kind: request.kind, round: request.round, runs: runs, position: request.position,
                            reachedEnd: true), at: moment))
            case .apply(let kind, _):
                if let outcome { take(session.onApplied(outcome, of: kind, at: moment)) }
            default:
                break
            }
        }
    }

    mutating func input(_ body: (inout Session, Moment) -> [SessionAction]) { take(body(&session, moment)) }

    // MARK: - What came back

    var messages: [Message] {
        actions.compactMap { if case .send(let frame) = $0 { frame.message } else { nil } }
    }

    var roots: [RootMessage] { messages.compactMap { if case .root(let root) = $0 { root } else { nil } } }
    var acks: [AckMessage] { messages.compactMap { if case .ack(let ack) = $0 { ack } else { nil } } }
    var pulses: [PulseMessage] { messages.compactMap { if case .pulse(let pulse) = $0 { pulse } else { nil } } }
    var reads: [ReadRequest] { actions.compactMap { if case .read(let request) = $0 { request } else { nil } } }
    var announcements: [AnnounceMessage] {
        messages.compactMap { if case .announce(let announcement) = $0 { announcement } else { nil } }
    }
    var byes: [ByeMessage] { messages.compactMap { if case .bye(let bye) = $0 { bye } else { nil } } }
    var hellos: Int { messages.count { if case .hello = $0 { true } else { false } } }
    var applied: Int { actions.count { if case .apply = $0 { true } else { false } } }
    var offsets: [ClockOffset] { actions.compactMap { if case .clockOffset(let offset) = $0 { offset } else { nil } } }

    // MARK: - What the peer says

    static func hello(
        versions: ClosedRange<UInt64> = 1...1, plant: PlantID = plant, station: StationKey = peerStation,
        nonce: UInt64 = 2, capabilities: UInt64 = 0, wallClock: UInt64 = 0, held: [SignedHead] = []
    ) -> Hello {
        Hello(
            lowestVersion: versions.lowerBound, highestVersion: versions.upperBound, plant: plant, station: station,
            nonce: nonce, capabilities: capabilities, wallClock: wallClock, tip: nil, held: held)
    }

    static func run(_ replica: UInt128 = 1, first: SequenceNumber = 0, entries: Int = 1, bytes: Int = 100) -> Run {
        Run(
            replica: ReplicaID(rawValue: replica), first: first, previous: nil,
            entries: Array(repeating: [UInt8](repeating: 1, count: bytes), count: entries), signature: [])
    }

    static func run(entries: Int, of entry: [UInt8]) -> Run {
        Run(
            replica: ReplicaID(rawValue: 1), first: 0, previous: nil, entries: Array(repeating: entry, count: entries),
            signature: [UInt8](repeating: 0, count: 64))
    }

    static func batch(
        _ kind: LogKind = .data, round: UInt64 = 1, offset: UInt64 = 0, runs: [Run] = [run()]
    ) -> Message {
        .batch(BatchMessage(kind: kind, round: round, offset: offset, runs: runs))
    }

    static func pulse(roster: UInt64 = 0, data: UInt64 = 0, wallClock: UInt64 = 0, echo: UInt64? = nil) -> Message {
        .pulse(
            PulseMessage(
                wallClock: wallClock, echo: echo, roster: .init(round: 1, sent: roster),
                data: .init(round: 1, sent: data)))
    }
}
