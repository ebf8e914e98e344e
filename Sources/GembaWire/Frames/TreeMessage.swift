/// Passes the beacon on that shapes the plant's tree, and says whether the sender wants what is new sent to it at once.
public struct TreeMessage: Hashable, Sendable {
    /// The nonce of the process at the root, or the sender's own when it knows no tree.
    public var root: UInt64
    /// The number of the beacon, which grows; 0 when the sender knows no tree.
    public var number: UInt64
    /// The links that the beacon has passed on its way from the root to the sender; at most ``Limits/treeHops``.
    public var hops: UInt64
    /// Whether the receiver is to send what is new at once, and not only to announce it.
    public var wantsPush: Bool

    /// Creates a message from its parts.
    public init(root: UInt64, number: UInt64, hops: UInt64, wantsPush: Bool) {
        self.root = root
        self.number = number
        self.hops = hops
        self.wantsPush = wantsPush
    }
}

extension TreeMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        precondition(hops <= Limits.treeHops, "a beacon that came over \(hops) links")
        encoder.eightBytes(root)
        encoder.unsigned(number)
        encoder.unsigned(hops)
        encoder.flag(wantsPush)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        self.init(
            root: try decoder.eightBytes(), number: try decoder.unsigned(), hops: try decoder.unsigned(),
            wantsPush: try decoder.flag())
        guard hops <= Limits.treeHops else { throw decoder.failure(.outOfRange) }
    }
}
