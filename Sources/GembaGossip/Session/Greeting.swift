internal import GembaWire

/// The exchange of hellos, which begins a session and begins it again when the peer restarts.
struct Greeting: Sendable {
    /// The protocol versions that this code speaks.
    static let versions: ClosedRange<UInt64> = 1...1

    private let configuration: SessionConfiguration
    private(set) var peer: Hello?
    /// The session id that the peer's frames must carry.
    private(set) var peerSession: SessionID?
    /// Whether the peer has sent anything that it sends only after our hello.
    var isConfirmed = false
    /// Earlier ids of the peer, whose late frames must not look like another restart.
    private var retired: [SessionID] = []
    private var lastSent: Instant?

    init(configuration: SessionConfiguration) { self.configuration = configuration }

    /// What a hello turned out to be.
    enum Finding: Sendable {
        /// The first of the session, or of a restarted peer.
        case new(restart: Bool)
        /// The peer says again what it said, which may mean that it did not hear us.
        case repeated
        case stale
    }

    mutating func receive(_ hello: Hello, session: SessionID) throws(ProtocolViolation) -> Finding {
        if session == peerSession { return .repeated }
        if retired.contains(session) { return .stale }
        try check(hello)
        let isRestart = peerSession != nil
        if let peerSession { retired.append(peerSession) }
        guard retired.count <= configuration.limits.peerRestarts else {
            throw ProtocolViolation(.limitExceeded, "too many restarts on one link")
        }
        peer = hello
        peerSession = session
        isConfirmed = false
        return .new(restart: isRestart)
    }

    private func check(_ hello: Hello) throws(ProtocolViolation) {
        guard hello.lowestVersion <= hello.highestVersion, hello.held.count <= Limits.heldHeads else {
            throw ProtocolViolation(.malformedFrame, "a hello that contradicts itself")
        }
        // There is one version so far, so that the highest common one is it, if there is any.
        guard hello.lowestVersion <= Self.versions.upperBound, hello.highestVersion >= Self.versions.lowerBound else {
            let offered = "\(hello.lowestVersion) to \(hello.highestVersion)"
            throw ProtocolViolation(.noCommonVersion, "versions \(offered) are offered, \(Self.versions) spoken")
        }
        guard hello.plant == configuration.plant else {
            throw ProtocolViolation(.otherPlant, "this is another plant")
        }
        let expected = configuration.expectedStation ?? peer?.station
        guard expected == nil || hello.station == expected else {
            throw ProtocolViolation(.identityMismatch, "the station is not the one that owns the link's key")
        }
        guard hello.station != configuration.station || hello.nonce != configuration.nonce else {
            throw ProtocolViolation(.duplicateLink, "this link leads back to where it began")
        }
    }

    /// The highest version that both ends speak; nil before the peer's hello.
    var version: UInt64? { peer.map { min($0.highestVersion, Self.versions.upperBound) } }

    /// Whether this side begins the walks: the smaller station does. Two databases under one key, which are clones of
    /// each other, are told apart by their nonces.
    var initiatesWalks: Bool {
        guard let peer else { return false }
        return (configuration.station, configuration.nonce) < (peer.station, peer.nonce)
    }

    /// Our hello, if one is due: not more often than the interval of repetition.
    mutating func hello(at moment: Moment, evenIfRecent: Bool = false) -> Hello? {
        if let lastSent, !evenIfRecent, lastSent.duration(to: moment.instant) < configuration.limits.repetition {
            return nil
        }
        lastSent = moment.instant
        return Hello(
            lowestVersion: Self.versions.lowerBound, highestVersion: Self.versions.upperBound,
            plant: configuration.plant, station: configuration.station, nonce: configuration.nonce,
            capabilities: Hello.checkpoints | Hello.packs | Hello.backfill | Hello.agreement | Hello.branches
                | Hello.dissemination,
            wallClock: moment.wallClock, tip: configuration.tip,
            held: Array(configuration.held.prefix(Limits.heldHeads)))
    }
}
