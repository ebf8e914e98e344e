import GembaWire

/// The values of one write that no column holds, as `gemba_sibling` stores them.
struct SiblingContent: Hashable, Sendable {
    var family: MergeFamily
    var values: [Value]

    init(family: MergeFamily, values: [Value]) {
        self.family = family
        self.values = values
    }

    /// The family's number, then the values in canonical encoding.
    func encoded() -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: values.count + 1)
        encoder.unsigned(UInt64(family.rawValue))
        for value in values { value.encode(into: &encoder) }
        return encoder.bytes
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        do {
            var decoder = CBORDecoder(bytes)
            let count = try decoder.array()
            guard count > 0, let family = MergeFamily(rawValue: UInt8(truncatingIfNeeded: try decoder.unsigned()))
            else {
                throw StoreError(.corrupted, "A sibling value is damaged; run `gemba verify`.")
            }
            var values: [Value] = []
            for _ in 1..<count { values.append(try Value(from: &decoder)) }
            self.init(family: family, values: values)
        } catch {
            throw StoreError(.corrupted, "A sibling value is damaged; run `gemba verify`.", cause: error)
        }
    }
}
