internal import GembaWire

/// What a transport holds at most, whatever its peers do.
public enum TransportLimits {
    /// Links of keys that the roster does not know, at once: enough for a shift of joiners, too few to hurt (T7).
    public static let lobbyLinks = 16

    /// Links of keys that the roster knows, at once: more than any plant has stations, and each costs at most what its queues
    /// hold.
    public static let memberLinks = 1024

    /// Links of one key at once. Two nodes that dial each other hold two until one is closed, some may be dead without anybody
    /// having noticed, and a clone has the same key.
    public static let linksPerKey = 8

    /// Connections that have not become links, at once: a whole plant that comes back fits, and an idle one is cut when others
    /// need its place. A daemon may hold eight times as many descriptors.
    public static let waitingConnections = 2048

    /// Handshakes of one member that may succeed in a burst before each waits for ``memberHandshakeRefill``: a dialler whose
    /// links are cut at once comes back ten times a second at first.
    public static let memberHandshakes = 64

    /// See ``memberHandshakes``.
    public static let memberHandshakeRefill = Duration.milliseconds(50)

    /// Handshakes of strangers from one address that may succeed in a burst before each waits for ``addressHandshakeRefill``:
    /// a shift of joiners behind one router is let in within seconds.
    public static let addressHandshakes = 32

    /// See ``addressHandshakes``.
    public static let addressHandshakeRefill = Duration.milliseconds(250)

    /// Handshakes of all strangers that may succeed in a burst before each waits for ``strangerHandshakeRefill``: the lobby
    /// has ``lobbyLinks`` places for five seconds each, and most need less.
    public static let strangerHandshakes = 64

    /// See ``strangerHandshakes``.
    public static let strangerHandshakeRefill = Duration.milliseconds(50)

    /// Frames that wait for one link: what a round of gossip emits before it looks for room again.
    public static let queuedFrames = 16

    /// Bytes that wait for one link, save that a frame always fits an empty queue: one frame of the greatest length,
    /// so that a hundred stuck peers cost a hundred megabytes and not gigabytes.
    public static let queuedBytes = Limits.frameBytes

    /// Whether a queue that holds so much takes another frame.
    public static func fits(_ bytes: Int, whenQueued frames: Int, queuedBytes: Int) -> Bool {
        frames == 0 || frames < queuedFrames && queuedBytes + bytes <= Self.queuedBytes
    }

    /// Whether a frame is one that a link carries.
    public static func carries(_ frame: [UInt8]) -> Bool {
        !frame.isEmpty && frame.count <= Limits.frameBytes
    }
}
