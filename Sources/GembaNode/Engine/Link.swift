import GembaGossip
import GembaWire

/// One live link and the session on it.
struct Link {
    let id: LinkID
    /// The key that the peer proved at the handshake.
    let transport: TransportKey
    let direction: TransportEvent.Direction
    var session: Session
    /// Frames that the transport had no room for, oldest first. Invariant: at most ``mostWaitingBytes`` of them, since a link
    /// with more is closed.
    var waiting: [[UInt8]] = []
    /// Bytes of the frames in `waiting`.
    var waitingBytes = 0
    /// When the link opened, for choosing between duplicates.
    let order: UInt64
    /// Whether the peer holds a roster log of this station beyond its genesis, and so its founding or join.
    var peerHoldsEnrolment = false

    /// To a peer that reads, the session sends no more than its windows allow and what answers one message. One that asks and
    /// does not read would have its answers pile up here.
    static let mostWaitingBytes = 4 << 20

    /// Gives the session an input, in place: a copy would copy its vectors.
    mutating func input(_ input: (inout Session) -> [SessionAction]) -> [SessionAction] { input(&session) }

    var sessionDirection: LinkDirection {
        switch direction {
        case .dialled: .dialled
        case .accepted: .accepted
        }
    }

    /// Whether both links have greeted the same process. A clone has the station's key but another nonce.
    func leadsToSameProcess(as other: Link) -> Bool {
        guard id != other.id, let peer = session.peer, let otherPeer = other.session.peer else { return false }
        return (peer.station, peer.nonce) == (otherPeer.station, otherPeer.nonce)
    }
}
