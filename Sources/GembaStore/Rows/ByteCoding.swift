import GembaCRDT
import GembaCausality
import GembaWire

/// Appends row metadata to a buffer.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(24) }

    /// Begins anew, in the same buffer.
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// LEB128, unsigned.
    mutating func number(_ value: UInt64) { bytes.appendLEB128(value) }

    /// A signed number with its sign in the lowest bit.
    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    mutating func wide(_ value: Int128) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ content: [UInt8]) { bytes += content }

    mutating func dot(_ dot: LocalDot) {
        number(UInt64(dot.replica))
        number(dot.sequence)
    }

    /// Sorted group numbers as runs of consecutive ones.
    mutating func ranges(_ groups: some Collection<GroupID>) {
        /// Calls `body` with each run of consecutive numbers.
        func forEachRange(_ body: (_ first: UInt64, _ length: UInt64) -> Void) {
            var open: (first: UInt64, length: UInt64)?
            for group in groups {
                let number = UInt64(group.rawValue)
                if let range = open, range.first + range.length == number {
                    open = (range.first, range.length + 1)
                } else {
                    if let open { body(open.first, open.length) }
                    open = (number, 1)
                }
            }
            if let open { body(open.first, open.length) }
        }
        var count: UInt64 = 0
        forEachRange { _, _ in count += 1 }
        number(count)
        forEachRange { first, length in
            number(first)
            number(length)
        }
    }

    mutating func dots(_ dots: [LocalDot]) {
        number(UInt64(dots.count))
        for dot in dots { self.dot(dot) }
    }

    mutating func group(_ state: GroupState<Nothing>) {
        switch state {
        case .writes(let writes): dots(writes.names)
        case .set(let set): self.set(set)
        case .counter(let counter): self.counter(counter)
        case .text(.fresh(let dot, _)):
            byte(0)
            self.dot(dot)
        case .text: byte(1)
        }
    }

    private mutating func set(_ set: ObservedRemoveSet<LocalDot, Value>) {
        number(UInt64(set.elements.count))
        for (encoded, element) in set.sortedByEncoding {
            number(UInt64(encoded.count))
            bytes.append(contentsOf: encoded)
            dots(set.names(of: element))
        }
    }

    private mutating func counter(_ counter: Counter<LocalDot>) {
        number(UInt64(counter.bases.writes.count))
        for base in counter.bases.writes {
            dot(base.name)
            signed(base.payload.value)
            number(UInt64(base.payload.observed.count))
            for observed in base.payload.observed {
                dot(observed.name)
                signed(observed.sum)
            }
        }
        number(UInt64(counter.sums.count))
        for (name, sum) in counter.sums.sorted(by: { $0.key < $1.key }) {
            dot(name)
            wide(sum)
        }
        wide(counter.initialSum)
    }
}

extension ObservedRemoveSet where Element == Value {
    /// The elements in the order of their canonical encodings.
    var sortedByEncoding: [(encoded: [UInt8], element: Value)] {
        elements.keys.map { (encoded: $0.encoded(), element: $0) }
            .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
    }
}

/// Reads what ``ByteWriter`` wrote.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    static var malformed: StoreError {
        StoreError(.corrupted, "The metadata of a row is damaged; run `gemba verify`.")
    }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func byte() throws(StoreError) -> UInt8 {
        guard offset < bytes.count else { throw Self.malformed }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func number() throws(StoreError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            guard shift < 64 else { throw Self.malformed }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func bytes(count: UInt64) throws(StoreError) -> [UInt8] {
        guard count <= UInt64(bytes.count - offset) else { throw Self.malformed }
        defer { offset += Int(count) }
        return Array(bytes[offset..<offset + Int(count)])
    }

    /// All bytes that were not read yet.
    mutating func rest() -> [UInt8] {
        defer { offset = bytes.count }
        return Array(bytes[offset...])
    }

    mutating func signed() throws(StoreError) -> Int64 {
        let number = try number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    mutating func wide() throws(StoreError) -> Int128 {
        var value: UInt128 = 0
        for _ in 0..<16 { value = value << 8 | UInt128(try byte()) }
        return Int128(bitPattern: value)
    }

    mutating func dot() throws(StoreError) -> LocalDot {
        LocalDot(replica: Int64(bitPattern: try number()), sequence: try number())
    }

    mutating func dots() throws(StoreError) -> [LocalDot] {
        var dots: [LocalDot] = []
        for _ in 0..<(try number()) { dots.append(try dot()) }
        return dots
    }

    mutating func group(_ family: MergeFamily) throws(StoreError) -> GroupState<Nothing> {
        switch family {
        case .register, .fact:
            .writes(.init(writes: try dots().map { .init(name: $0, payload: Nothing()) }))
        case .set: .set(try set())
        case .counter: .counter(try counter())
        case .text: .text(try byte() == 0 ? .fresh(try dot(), nil) : .stored(nil))
        }
    }

    private mutating func set() throws(StoreError) -> ObservedRemoveSet<LocalDot, Value> {
        var elements: [Value: [LocalDot]] = [:]
        for _ in 0..<(try number()) {
            let length = try number()
            guard length <= UInt64(bytes.count - offset) else { throw Self.malformed }
            let encoded = Array(bytes[offset..<offset + Int(length)])
            offset += Int(length)
            guard let element = try? Value(decoding: encoded) else { throw Self.malformed }
            elements[element] = try dots()
        }
        return ObservedRemoveSet(elements: elements)
    }

    private mutating func counter() throws(StoreError) -> Counter<LocalDot> {
        var bases: [DotFunction<LocalDot, Counter<LocalDot>.Base>.Write] = []
        for _ in 0..<(try number()) {
            let name = try dot()
            let value = try signed()
            var observed: [Counter<LocalDot>.Observed] = []
            for _ in 0..<(try number()) { observed.append(.init(name: try dot(), sum: try signed())) }
            bases.append(.init(name: name, payload: .init(value: value, observed: observed)))
        }
        var sums: [LocalDot: Int128] = [:]
        for _ in 0..<(try number()) {
            let name = try dot()
            sums[name] = try wide()
        }
        return Counter(bases: .init(writes: bases), sums: sums, initialSum: try wide())
    }
}
