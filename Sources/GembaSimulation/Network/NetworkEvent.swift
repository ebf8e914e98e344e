import GembaNode

/// Something that is due to happen on the network.
enum NetworkEvent {
    /// A dialler tries to reach an endpoint.
    case attempt(node: Int, endpoint: String, generation: Int)
    /// A handshake that began some time ago comes to its end.
    case handshake(node: Int, endpoint: String, generation: Int, listener: Int)
    /// A link's end opens for its holder.
    case opened(LinkID)
    /// A frame reaches the end it was sent to, or the place where it got lost.
    case arrival(LinkID, Arrival)
    /// An end whose queue was full has room.
    case writable(LinkID)
    /// An end learns that the other is gone.
    case hangUp(LinkID)
    /// A heartbeat has been missing for too long; counts only if the way is still blocked.
    case heartbeatMissed(LinkID)

    /// A frame at the end of its way.
    struct Arrival {
        var frame: [UInt8]
        var isLost = false
        /// Whether it took room in the link's queue; copies that the network made do not.
        var occupies = true
    }
}

/// What the network reports to a node.
struct Delivery {
    var node: Int
    var event: TransportEvent
}
