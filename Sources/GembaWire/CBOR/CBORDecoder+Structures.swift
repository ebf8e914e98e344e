extension CBORDecoder {
    /// Reads an array whose items `element` reads.
    ///
    /// Room is taken ahead for a few items only: an item of one byte can become a value of many.
    public mutating func list<Element>(
        of element: (inout CBORDecoder) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = try array()
        var elements: [Element] = []
        elements.reserveCapacity(min(count, 64))
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }

    /// Reads an array of at least one item.
    public mutating func nonEmptyList<Element>(
        of element: (inout CBORDecoder) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let elements = try list(of: element)
        guard !elements.isEmpty else { throw failure(.invalid("a list is empty")) }
        return elements
    }

    /// Reads 1 as true and 0 as false.
    mutating func flag() throws(WireError) -> Bool {
        let number = try unsigned()
        guard number <= 1 else { throw failure(.outOfRange) }
        return number == 1
    }

    /// Reads what `value` reads, or null as nil.
    public mutating func optional<Value>(
        _ value: (inout CBORDecoder) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        guard isAtNull else { return try value(&self) }
        try null()
        return nil
    }

    // MARK: - Items of unknown meaning

    /// Reads one item of any kind, checks it throughout and returns its encoding.
    ///
    /// - Parameter depth: How many arrays and maps enclose the item.
    public mutating func skipItem(depth: Int = 0) throws(WireError) -> ArraySlice<UInt8> {
        let start = offset
        switch try nextType() {
        case .unsigned, .negative: _ = try signed()
        case .byteString: _ = try byteString()
        case .text: _ = try text()
        case .array: try skipArray(depth: depth + 1)
        case .map: try skipMap(depth: depth + 1)
        case .tag: throw failure(.wrongType)
        case .simple: try skipSimple()
        }
        return slice(from: start)
    }

    private mutating func skipArray(depth: Int) throws(WireError) {
        guard depth <= Limits.nesting else { throw failure(.tooDeep) }
        for _ in 0..<(try array()) { _ = try skipItem(depth: depth) }
    }

    private mutating func skipMap(depth: Int) throws(WireError) {
        guard depth <= Limits.nesting else { throw failure(.tooDeep) }
        var previous: ArraySlice<UInt8>?
        for _ in 0..<(try map()) {
            let key = try skipItem(depth: depth)
            guard previous.map({ $0.lexicographicallyPrecedes(key) }) ?? true else { throw failure(.notDeterministic) }
            previous = key
            _ = try skipItem(depth: depth)
        }
    }

    private mutating func skipSimple() throws(WireError) {
        switch try initialByte() {
        case 0xF4, 0xF5, 0xF6: try advance(1)
        default: _ = try real()
        }
    }

    /// Passes over one item, looking at nothing but lengths, and returns a decoder at its beginning.
    ///
    /// It is for reading out of order: what is passed over has to be decoded with the decoder that is returned.
    mutating func leap() throws(WireError) -> CBORDecoder {
        let beginning = self
        var pending: UInt64 = 1
        while pending > 0 {
            pending -= 1
            let initial = try initialByte()
            switch try nextType() {
            case .unsigned, .negative: _ = try argument(following: initial)
            case .byteString, .text: try advance(try argument(following: initial))
            case .array: pending += UInt64(try array())
            case .map: pending += 2 * UInt64(try map())
            case .tag: throw failure(.wrongType)
            case .simple: try advance((0xF9...0xFB).contains(initial) ? 1 + 1 << (UInt64(initial) & 3) : 1)
            }
        }
        return beginning
    }
}
