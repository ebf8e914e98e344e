internal import GembaCausality

extension Run: WireCodable {
    /// Appends `[replica, first, previous, entries, COSE_Sign1]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(!entries.isEmpty, "a run without entries")
        precondition((previous == nil) == (first == 0), "a run from \(first): only a genesis follows nothing")
        encoder.array(count: 5)
        encoder.fixed(replica)
        encoder.unsigned(first)
        if let previous { encoder.fixed(previous) } else { encoder.byteString([]) }
        encoder.array(count: entries.count)
        for entry in entries { encoder.byteString(entry) }
        encoder.detachedSignature(signature)
    }

    /// Reads a run. Its entries stay encoded and nothing is verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 5)
        let replica = try decoder.fixed(ReplicaID.self)
        let first = try decoder.unsigned()
        let previous = try decoder.byteString()
        guard previous.count == (first == 0 ? 0 : HashPrefix.byteCount) else {
            throw decoder.failure(.invalid("a run names what it follows exactly when it does not begin at 0"))
        }
        self.init(
            replica: replica, first: first, previous: HashPrefix(bytes: previous),
            entries: try decoder.nonEmptyList { (decoder) throws(WireError) in Array(try decoder.byteString()) },
            signature: try decoder.detachedSignature())
    }
}
