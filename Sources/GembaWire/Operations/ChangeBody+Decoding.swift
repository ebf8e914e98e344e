public import GembaCausality

extension ChangeBody {
    /// Reads the body of entry `sequence` in the log of `author`.
    ///
    /// Everything that makes a change valid is checked here, and nothing else than these arguments is consulted: neither
    /// schema, clock nor local limits. An authentic entry whose body this refuses is quarantined by every replica alike.
    public init(decoding bytes: [UInt8], author: ReplicaID, sequence: SequenceNumber) throws(WireError) {
        try self.init(decoding: bytes[...], author: author, sequence: sequence)
    }

    /// Reads the body of entry `sequence` in the log of `author`.
    public init(decoding bytes: ArraySlice<UInt8>, author: ReplicaID, sequence: SequenceNumber) throws(WireError) {
        var batch = OperationBatch()
        let frame = try batch.append(decoding: bytes, author: author, sequence: sequence)
        self.init(
            timestamp: frame.timestamp, lamport: frame.lamport, schemaVersion: frame.schemaVersion,
            actor: String(decoding: frame.actor, as: UTF8.self), reason: String(decoding: frame.reason, as: UTF8.self),
            operations: batch.items.map(batch.operation), references: frame.references, extensions: frame.extensions)
    }
}

extension RowOperation {
    /// Reads an operation of `author` that names no other author's changes.
    public init(decoding bytes: ArraySlice<UInt8>, author: ReplicaID) throws(WireError) {
        var batch = OperationBatch()
        try batch.append(decoding: bytes, author: author)
        self = batch.operation(batch.items[0])
    }
}

extension CBORDecoder {
    /// Reads what later versions say about a change.
    mutating func extensions() throws(WireError) -> [UInt64: [UInt8]] {
        let count = try map()
        guard count > 0 else { throw failure(.invalid("extensions are empty instead of absent")) }
        var extensions: [UInt64: [UInt8]] = [:]
        var previous: UInt64?
        for _ in 0..<count {
            let number = try unsigned()
            guard previous.map({ $0 < number }) ?? true else { throw failure(.notDeterministic) }
            // Two levels enclose the item: the body and the map.
            extensions[number] = Array(try skipItem(depth: 2))
            previous = number
        }
        return extensions
    }
}

extension Effect.Content {
    /// Reads what is neither a register nor a fact, of a kind that was read.
    ///
    /// - Parameter fields: how many items follow the kind.
    init(
        _ kind: EffectKind, fields: Int, from decoder: inout CBORDecoder, index: DotIndex
    ) throws(WireError) {
        guard fields == (kind == .set ? 1 : kind == .drop ? 0 : 2) else { throw decoder.failure(.incompleteEffect) }
        switch kind {
        case .register, .fact:
            preconditionFailure("values that are written are not decoded")
        case .set:
            self = .set(try decoder.elements(index: index))
        case .increment:
            let bases = try decoder.dots(index: index)
            let delta = try decoder.signed()
            guard Effect.isValidIncrement(delta) else { throw decoder.failure(.outOfRange) }
            self = .increment(bases: bases, delta: delta)
        case .base:
            let replaces = try decoder.observedBases(index: index)
            self = .base(replaces: replaces, value: try decoder.signed())
        case .text:
            self = .text(try TextEffect(from: &decoder, index: index))
        case .drop:
            self = .drop
        }
    }
}

extension WireError.Reason {
    static let incompleteEffect = Self.invalid("an effect has another number of fields")
    static let insertNamesWrites = Self.invalid("an insert names earlier writes of its row")
}

extension CBORDecoder {
    /// Reads the number of a table or group.
    mutating func identifier() throws(WireError) -> UInt32 {
        guard let number = UInt32(exactly: try unsigned()) else { throw failure(.outOfRange) }
        return number
    }

    fileprivate mutating func dot(index: DotIndex) throws(WireError) -> Dot {
        guard let dot = index.dot(try unsigned(), try unsigned()) else {
            throw failure(.invalid("a dot is not covered by a reference or by the log before the change"))
        }
        return dot
    }

    /// Reads sorted dots from one flat array of pairs.
    fileprivate mutating func dots(index: DotIndex) throws(WireError) -> [Dot] {
        var dots: [Dot] = []
        try forEachDot(index: index) { dots.append($0) }
        return dots
    }

    /// Reads sorted dots from one flat array of pairs, and calls `body` with each.
    mutating func forEachDot(index: DotIndex, _ body: (Dot) -> Void) throws(WireError) {
        let count = try array()
        guard count.isMultiple(of: 2) else { throw failure(.invalid("dots are not pairs")) }
        var previous: Dot?
        for _ in 0..<count / 2 {
            let dot = try dot(index: index)
            guard previous.map({ $0 < dot }) ?? true else { throw failure(.invalid("dots are not sorted, one each")) }
            body(dot)
            previous = dot
        }
    }

    /// Reads the bases that a base replaces: sorted dots with sums, or the initial zero alone with a sum.
    fileprivate mutating func observedBases(index: DotIndex) throws(WireError) -> [Effect.ObservedBase] {
        let bases = try list { (decoder) throws(WireError) in
            try decoder.array(count: 3)
            var ahead = decoder
            guard try ahead.unsigned() == 0, try ahead.unsigned() == 0 else {
                return Effect.ObservedBase(dot: try decoder.dot(index: index), sum: try decoder.signed())
            }
            decoder = ahead
            return Effect.ObservedBase(dot: index.initialZero, sum: try decoder.signed())
        }
        guard bases.isStrictlyAscending(by: \.dot) else { throw failure(.invalid("dots are not sorted, one each")) }
        let zero = bases.first { $0.dot == index.initialZero }
        guard zero.map({ bases.count == 1 && $0.sum != 0 }) ?? true else {
            throw failure(.invalid("the initial zero is replaced beside a base or without need"))
        }
        return bases
    }

    /// Reads values that follow one another in an array whose head was read.
    package mutating func values(count: Int) throws(WireError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(min(count, 64))
        for _ in 0..<count { values.append(try Value(from: &self)) }
        return values
    }

    /// Reads what happens to the elements of a set.
    fileprivate mutating func elements(index: DotIndex) throws(WireError) -> [Effect.ElementOperation] {
        var previous: ArraySlice<UInt8> = []
        return try nonEmptyList { (decoder) throws(WireError) in
            try decoder.array(count: 3)
            let start = decoder.offset
            let element = try Value(from: &decoder)
            let encoded = decoder.slice(from: start)
            guard previous.lexicographicallyPrecedes(encoded) else {
                throw decoder.failure(.invalid("set elements are not sorted by their encodings, one each"))
            }
            previous = encoded
            guard let verb = Effect.ElementOperation.Verb(rawValue: try decoder.unsigned()) else {
                throw decoder.failure(.invalid("what happens to an element is unknown"))
            }
            return Effect.ElementOperation(
                element: element, adds: verb == .add, saw: try decoder.dots(index: index))
        }
    }
}
