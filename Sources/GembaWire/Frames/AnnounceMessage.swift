/// Names changes of data that the sender holds, in place of sending them.
public struct AnnounceMessage: Hashable, Sendable {
    /// The sender's vector entries that the receiver is not known to hold, sorted by replica: what it holds of them it
    /// confirms, and what does not reach it otherwise it may have.
    public var new: [ChangeReference]
    /// The sender's vector entries that the receiver announced, sorted by replica: nothing answers these.
    public var held: [ChangeReference]

    /// Creates a message from its parts, of which at least one names something.
    public init(new: [ChangeReference], held: [ChangeReference]) {
        self.new = new
        self.held = held
    }
}

extension AnnounceMessage: MessageCodable {
    var fieldCount: Int { 2 }

    func encodeFields(into encoder: inout CBOREncoder) {
        precondition(!new.isEmpty || !held.isEmpty, "an announcement of nothing")
        encoder.references(new)
        encoder.references(held)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 2)
        self.init(
            new: try decoder.references(maximum: Limits.announcedEntries),
            held: try decoder.references(maximum: Limits.announcedEntries))
        guard !new.isEmpty || !held.isEmpty else { throw decoder.failure(.invalid("an announcement of nothing")) }
    }
}
