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
        precondition(sequence > 0, "entry 0 is a genesis")
        var decoder = CBORDecoder(bytes)
        let count = try decoder.array()
        guard count == 7 || count == 8 else { throw decoder.failure(.invalid("a change has another number of parts")) }
        let timestamp = HybridTimestamp(rawValue: try decoder.unsigned())
        let lamport = try decoder.unsigned()
        guard lamport > 0 else { throw decoder.failure(.outOfRange) }
        let schemaVersion = try decoder.unsigned()
        let actor = try decoder.text(maximum: Limits.actorBytes)
        let reason = try decoder.text(maximum: Limits.reasonBytes)

        // The references, which give the dots their meaning, come after the operations.
        var operations = try decoder.leap()
        let references = try decoder.references(maximum: Limits.references)
        guard !references.contains(where: { $0.replica == author }) else {
            throw decoder.failure(.invalid("a change references its own log"))
        }
        let extensions = count == 8 ? try Self.extensions(from: &decoder) : [:]
        try decoder.finish()

        let index = DotIndex(author: author, own: sequence - 1, references: references)
        self.init(
            timestamp: timestamp, lamport: lamport, schemaVersion: schemaVersion, actor: actor, reason: reason,
            operations: try Self.operations(from: &operations, index: index), references: references,
            extensions: extensions)
    }

    private static func operations(
        from decoder: inout CBORDecoder, index: DotIndex
    ) throws(WireError) -> [RowOperation] {
        let operations = try decoder.list { (decoder) throws(WireError) in
            try RowOperation(from: &decoder, index: index)
        }
        for (previous, next) in zip(operations, operations.dropFirst()) where !previous.precedes(next) {
            throw decoder.failure(.invalid("operations are not sorted by table and row, one for each"))
        }
        return operations
    }

    private static func extensions(from decoder: inout CBORDecoder) throws(WireError) -> [UInt64: [UInt8]] {
        let count = try decoder.map()
        guard count > 0 else { throw decoder.failure(.invalid("extensions are empty instead of absent")) }
        var extensions: [UInt64: [UInt8]] = [:]
        var previous: UInt64?
        for _ in 0..<count {
            let number = try decoder.unsigned()
            guard previous.map({ $0 < number }) ?? true else { throw decoder.failure(.notDeterministic) }
            // Two levels enclose the item: the body and the map.
            extensions[number] = Array(try decoder.skipItem(depth: 2))
            previous = number
        }
        return extensions
    }
}

extension RowOperation {
    /// Reads an operation of `author` that names no other author's changes.
    public init(decoding bytes: ArraySlice<UInt8>, author: ReplicaID) throws(WireError) {
        var decoder = CBORDecoder(bytes)
        try self.init(from: &decoder, index: DotIndex(author: author, own: .max, references: []))
        try decoder.finish()
    }

    fileprivate init(from decoder: inout CBORDecoder, index: DotIndex) throws(WireError) {
        try decoder.array(count: 5)
        let table = TableID(rawValue: try decoder.identifier())
        let row = try decoder.fixed(RowID.self)
        guard let verb = Verb(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the verb is unknown"))
        }
        let saw = try decoder.dots(index: index)
        guard verb != .insert || saw.isEmpty else {
            throw decoder.failure(.invalid("an insert saw writes of its row"))
        }
        let effects = try decoder.list { (decoder) throws(WireError) in
            try Effect(from: &decoder, index: index, verb: verb)
        }
        guard effects.isStrictlyAscending(by: \.group) else {
            throw decoder.failure(.invalid("effects are not sorted by group, one for each"))
        }
        self.init(table: table, row: row, verb: verb, saw: saw, effects: effects)
    }
}

extension Effect {
    /// Arrays around an effect: body, operations, operation, effects.
    private static let depth = 4

    fileprivate init(
        from decoder: inout CBORDecoder, index: DotIndex, verb: RowOperation.Verb
    ) throws(WireError) {
        let beginning = decoder
        let count = try decoder.array()
        guard count >= 2 else { throw decoder.failure(.invalid("an effect has no kind")) }
        group = GroupID(rawValue: try decoder.identifier())
        let number = try decoder.unsigned()
        guard let kind = EffectKind(rawValue: number) else {
            decoder = beginning
            content = .unknown(kind: number, encoded: Array(try decoder.skipItem(depth: Self.depth)))
            return
        }
        guard kind != .fact || verb == .insert else {
            throw decoder.failure(.invalid("a fact is written outside an insert"))
        }
        content = try Self.content(kind, fields: count - 2, from: &decoder, index: index)
        guard verb != .insert || content.isFresh else {
            throw decoder.failure(.invalid("an insert names earlier writes of its row"))
        }
    }

    private static func content(
        _ kind: EffectKind, fields: Int, from decoder: inout CBORDecoder, index: DotIndex
    ) throws(WireError) -> Content {
        let isComplete =
            switch kind {
            case .register: fields >= 2
            case .set: fields == 1
            case .increment, .base, .text: fields == 2
            case .fact: fields >= 1
            }
        guard isComplete else { throw decoder.failure(.invalid("an effect has another number of fields")) }
        switch kind {
        case .register:
            let replaces = try decoder.dots(index: index)
            return .register(replaces: replaces, values: try decoder.values(count: fields - 1))
        case .set:
            return .set(try decoder.elements(index: index))
        case .increment:
            let bases = try decoder.dots(index: index)
            let delta = try decoder.signed()
            guard isValidIncrement(delta) else { throw decoder.failure(.outOfRange) }
            return .increment(bases: bases, delta: delta)
        case .base:
            let replaces = try decoder.observedBases(index: index)
            return .base(replaces: replaces, value: try decoder.signed())
        case .fact:
            return .fact(values: try decoder.values(count: fields))
        case .text:
            return .text(try TextEffect(from: &decoder, index: index))
        }
    }
}

extension CBORDecoder {
    /// Reads the number of a table or group.
    fileprivate mutating func identifier() throws(WireError) -> UInt32 {
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
        let count = try array()
        guard count.isMultiple(of: 2) else { throw failure(.invalid("dots are not pairs")) }
        var dots: [Dot] = []
        dots.reserveCapacity(min(count / 2, 64))
        for _ in 0..<count / 2 { dots.append(try dot(index: index)) }
        guard dots.isStrictlyAscending(by: \.self) else { throw failure(.invalid("dots are not sorted, one each")) }
        return dots
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
