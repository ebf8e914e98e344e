public import GembaWire
internal import Synchronization

/// One live link to a peer, as a transport numbers it; never used again within a process.
public struct LinkID: Hashable, Comparable, Sendable, RawRepresentable {
    /// The number, which says nothing.
    public let rawValue: UInt64
    /// Names a link by its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Orders by number: the link that was opened first comes first.
    public static func < (left: LinkID, right: LinkID) -> Bool { left.rawValue < right.rawValue }

    private static let issued = Atomic<UInt64>(0)

    /// An id that no transport of this process has used before.
    public static func unused() -> LinkID {
        LinkID(rawValue: issued.add(1, ordering: .relaxed).newValue)
    }
}

/// What a transport may let a key do, decided at its handshake by the roster.
public enum Admission: Sendable, Equatable {
    /// The key of a member in good standing.
    case member
    /// An unknown key: a joiner, or a member whose enrolment has not arrived here yet.
    case lobby
    /// A key known to be revoked, or of a member that is held off for a while. The answer never makes the dialler give up for good.
    case refused
}

/// What happens on a transport.
public enum TransportEvent: Sendable, Equatable {
    /// Links are accepted at this endpoint; its port is the actual one where 0 was asked for.
    case listening(String)
    /// A link is up and encrypted; `peer` is proven to hold the private half of this key.
    case opened(LinkID, peer: TransportKey, direction: Direction)
    /// A frame arrived, at most ``Limits/frameBytes`` long. Frames of one link arrive in order, but some may be missing.
    case received(LinkID, [UInt8])
    /// A link whose queue was full when ``Transport/send(_:on:)`` was refused has room again.
    case writable(LinkID)
    /// Somebody says that this key answers at an endpoint. It is only a hint: the handshake and the roster decide.
    case hinted(endpoint: String, key: TransportKey)
    /// The link is gone; whatever was on its way may or may not have arrived. Its last event.
    case closed(LinkID)
    /// Something was turned away; it is told only to be counted.
    case refused(Refusal)

    /// What was turned away before the protocol saw it.
    public enum Refusal: Sendable, Hashable {
        /// A connection that did not become a link: no key or a wrong one, another protocol, silence, a revoked key, or no
        /// room in the lobby.
        case connection
        /// A message that no honest peer sends: longer than a frame, without end, or of several parts. Its link is cut.
        case message
    }

    /// Which side asked for a link.
    public enum Direction: Sendable, Hashable {
        /// This node dialled; the value is the endpoint.
        case dialled(String)
        /// The peer dialled.
        case accepted
    }
}

/// Carries frames between nodes over encrypted, mutually authenticated links.
///
/// It is a lossy wire: a send is a hint, and only the peer's vector proves delivery.
///
/// Conformers: ``InProcessTransport`` and `ZeroMQTransport`.
public protocol Transport: Sendable {
    /// Runs until the task is cancelled, then closes everything. Called once.
    ///
    /// - Parameters:
    ///   - admission: decides about a key; called at each handshake, from the transport's own thread, so it must not
    ///     block.
    ///   - onEvent: receives what happens, in order for each link, from the transport's own thread. It must not block.
    /// - Throws: an error when an endpoint cannot be listened on or the transport fails for good.
    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws

    /// Keeps a link to `endpoint` up, whose server must prove to hold `peer`, re-dialling with back-off, until
    /// ``hangUp(endpoint:)``. Every time the link comes up, an `opened` event with a new id follows.
    ///
    /// Asking again for the same endpoint and peer changes nothing; asking for another peer replaces the first. An
    /// endpoint that this transport cannot reach, be it malformed, never opens.
    func dial(endpoint: String, peer: TransportKey)

    /// Stops dialling `endpoint` and closes its link.
    func hangUp(endpoint: String)

    /// Makes the next attempt to every dialled endpoint now, and counts no earlier failure: the network is another.
    ///
    /// - Parameter cutting: whether links that are up are cut and dialled anew, because what they ran over is gone.
    func redial(cutting: Bool)

    /// Asks who answers at `endpoint`; a ``TransportEvent/hinted(endpoint:key:)`` may follow. Without effect where the
    /// transport knows no way to find out.
    func inquire(endpoint: String)

    /// Offers a frame to a link. May be called from any thread, also from within `onEvent`.
    ///
    /// - Returns: false when nothing was sent: the link's queue is full, and a ``TransportEvent/writable(_:)`` follows
    ///   once it has room; or the link is gone; or the frame is empty or longer than ``Limits/frameBytes``, which no
    ///   link carries.
    @discardableResult
    func send(_ frame: [UInt8], on link: LinkID) -> Bool

    /// Ends a link now: nothing more is received on it, and what was sent before has a tenth of a second to reach the peer. An
    /// accepted peer may dial again and is then judged by the admission of that moment; a dialled link is dialled again.
    func close(_ link: LinkID)
}

extension Transport {
    /// Finds nothing out.
    public func inquire(endpoint: String) {}

    /// Leaves everything as it is, as suits a transport without a network.
    public func redial(cutting: Bool) {}
}
