/// A structure with exactly one encoding: the bytes that decode to a value are the ones that it encodes to.
///
/// Identity is that of the bytes. `==` of a structure with a `String` in it is coarser, since Swift holds canonically
/// equivalent texts equal; ``Value`` compares as its bytes do.
public protocol WireCodable {
    /// Appends the encoding of this value.
    ///
    /// A value that breaks a rule of its format is the caller's mistake.
    func encode(into encoder: inout CBOREncoder)

    /// Reads a value and refuses every other form of it than the one that ``encode(into:)`` writes.
    init(from decoder: inout CBORDecoder) throws(WireError)
}

extension WireCodable {
    /// The encoding of this value.
    public func encoded() -> [UInt8] {
        var encoder = CBOREncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// Creates a value from an encoding with nothing after it.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Creates a value from an encoding with nothing after it.
    public init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        var decoder = CBORDecoder(bytes)
        try self.init(from: &decoder)
        try decoder.finish()
    }
}
