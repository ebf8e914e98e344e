extension Value {
    /// Whether the value has an encoding: a real is finite and not -0, and text is without U+0000.
    public var isCanonical: Bool {
        switch self {
        case .null, .integer, .blob: true
        case .real(let number): number.isCanonicalReal
        case .text(let text): !text.utf8.contains(0)
        }
    }
}

extension Value: WireCodable {
    /// Appends the value, which has to be canonical.
    public func encode(into encoder: inout CBOREncoder) {
        switch self {
        case .null: encoder.null()
        case .integer(let number): encoder.signed(number)
        case .real(let number): encoder.real(number)
        case .text(let text): encoder.text(text)
        case .blob(let bytes): encoder.byteString(bytes)
        }
    }

    /// Reads a value.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        switch try decoder.nextType() {
        case .unsigned, .negative: self = .integer(try decoder.signed())
        case .byteString: self = .blob(Array(try decoder.byteString()))
        case .text: self = .text(try decoder.text())
        case .simple where decoder.isAtNull:
            try decoder.null()
            self = .null
        case .simple: self = .real(try decoder.real())
        case .array, .map, .tag: throw decoder.failure(.wrongType)
        }
    }
}
