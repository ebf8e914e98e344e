extension Value {
    /// Whether the value has an encoding: a real is finite and not -0, and text is without U+0000.
    public var isCanonical: Bool {
        switch self {
        case .null, .integer, .blob: true
        case .real(let number): number.isCanonicalReal
        case .text(let text): !text.containsNUL
        }
    }
}

extension Value: WireCodable {
    /// Appends the value, which has to be canonical.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.write(atMost: greatestEncodedCount) { writer in
            guard writer.value(self) != nil else { preconditionFailure("\(self) has no canonical encoding") }
        }
    }

    /// The most bytes that the encoding takes.
    public var greatestEncodedCount: Int {
        switch self {
        case .null, .integer, .real: CBORWriter.greatestHead
        case .text(let text): CBORWriter.greatestHead + text.utf8.count
        case .blob(let bytes): CBORWriter.greatestHead + bytes.count
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

extension CBORDecoder {
    /// Reads a value and checks it.
    mutating func skipValue() throws(WireError) {
        switch try nextType() {
        case .unsigned, .negative: _ = try signed()
        case .byteString: _ = try byteString()
        case .text: _ = try utf8()
        case .simple where isAtNull: try null()
        case .simple: _ = try real()
        case .array, .map, .tag: throw failure(.wrongType)
        }
    }
}

extension String {
    /// Whether U+0000 is among the characters. Every text that is written passes here.
    var containsNUL: Bool {
        withBytes { $0.containsNUL }
    }

    /// Lends out the bytes of the text, which are mostly side by side.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
            ?? Array(utf8).withUnsafeBytes(body)
    }
}
