internal import GembaWire

/// What a transport holds at most, whatever its peers do.
public enum TransportLimits {
    /// Links of keys that the roster does not know, at once: enough for a shift of joiners, too few to hurt (T7).
    public static let lobbyLinks = 16

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
