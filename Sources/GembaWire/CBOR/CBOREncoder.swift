public import GembaCausality

/// Writes deterministic CBOR (RFC 8949, section 4.2.1) into one growing buffer.
///
/// Integers, lengths and floating-point numbers take their shortest form by themselves. The caller owes what only it
/// can know: as many items as an array or map announces, and map keys in the bytewise order of their encodings.
public struct CBOREncoder: Sendable {
    /// Everything written so far.
    public private(set) var bytes: [UInt8] = []

    /// Creates an encoder with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: - Items

    /// Writes an integer from 0 to 2^63 - 1.
    public mutating func unsigned(_ value: UInt64) { write(atMost: CBORWriter.greatestHead) { $0.unsigned(value) } }

    /// Writes an integer.
    public mutating func signed(_ value: Int64) { write(atMost: CBORWriter.greatestHead) { $0.signed(value) } }

    /// Writes a number that is finite and not -0.
    public mutating func real(_ value: Double) { write(atMost: CBORWriter.greatestHead) { $0.real(value) } }

    /// Writes a byte string.
    public mutating func byteString(_ content: some Collection<UInt8>) {
        head(.byteString, UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// Writes text without U+0000.
    public mutating func text(_ content: String) {
        var content = content
        content.withUTF8 { utf8 in
            write(atMost: CBORWriter.greatestHead + utf8.count) { $0.text(UnsafeRawBufferPointer(utf8)) }
        }
    }

    /// Begins an array: its items follow.
    public mutating func array(count: Int) {
        head(.array, UInt64(count))
    }

    /// Begins a map: its pairs follow, sorted by encoded key.
    public mutating func map(count: Int) {
        head(.map, UInt64(count))
    }

    /// Writes null.
    public mutating func null() {
        bytes.append(0xF6)
    }

    /// Writes items that are encoded already.
    public mutating func raw(_ encoded: some Collection<UInt8>) {
        bytes.append(contentsOf: encoded)
    }

    /// Writes items that take at most so many bytes.
    public mutating func write(atMost capacity: Int, _ items: (inout CBORWriter) -> Void) {
        _ = attempt(atMost: capacity) { writer in
            items(&writer)
            return true
        }
    }

    /// Writes items that take at most so many bytes; none of them when `items` returns false or throws.
    ///
    /// - Returns: what `items` returns.
    public mutating func attempt(
        atMost capacity: Int, _ items: (inout CBORWriter) throws -> Bool
    ) rethrows -> Bool {
        var isWritten = false
        try bytes.append(addingCapacity: capacity) { room in
            try room.withUnsafeMutableBufferPointer { bytes, count in
                let free = UnsafeMutableRawBufferPointer(bytes)[count...]
                var writer = CBORWriter(UnsafeMutableRawBufferPointer(rebasing: free))
                isWritten = try items(&writer)
                if isWritten { count = bytes.count - writer.free }
            }
        }
        return isWritten
    }

    // MARK: - Fixed lengths

    /// Writes an identifier as a byte string.
    public mutating func fixed(_ value: some SixteenBytes) { write(atMost: 17) { $0.fixed(value) } }

    /// Writes a key, a hash or a plant's name as a byte string.
    public mutating func fixed(_ value: some ThirtyTwoBytes) {
        write(atMost: 34) { writer in
            writer.integer(0x5820 as UInt16)
            writer.integer(value.rawValue.high)
            writer.integer(value.rawValue.low)
        }
    }

    /// Writes eight bytes, held as one number, as a byte string.
    public mutating func eightBytes(_ value: UInt64) {
        write(atMost: 9) { writer in
            writer.integer(0x48 as UInt8)
            writer.integer(value)
        }
    }

    // MARK: - Structures

    /// Writes 1 for true and 0 for false.
    mutating func flag(_ value: Bool) { unsigned(value ? 1 : 0) }

    /// Writes an array of structures.
    public mutating func list(_ elements: [some WireCodable]) {
        array(count: elements.count)
        for element in elements { element.encode(into: &self) }
    }

    /// Writes a structure, or null for nil.
    public mutating func optional(_ value: (some WireCodable)?) {
        if let value { value.encode(into: &self) } else { null() }
    }

    // MARK: - Bytes

    /// Takes back everything that was written after the first `count` bytes.
    public mutating func truncate(to count: Int) { bytes.removeSubrange(count...) }

    /// Begins anew, in the same room.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func head(_ type: MajorType, _ argument: UInt64) {
        write(atMost: CBORWriter.greatestHead) { $0.head(type, argument) }
    }
}

extension Double {
    /// Whether the number is finite and not -0, and so has one encoding only.
    var isCanonicalReal: Bool { isFinite && !(isZero && sign == .minus) }
}
