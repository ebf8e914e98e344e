public import GembaCausality

extension ChangeBody {
    /// The encoding of this body in a log of `author`.
    ///
    /// The body has to be in normal form, as the descriptions of its parts say, and its references have to cover every
    /// dot of another replica; anything else is the caller's mistake.
    public func encoded(author: ReplicaID) -> [UInt8] {
        precondition(!references.contains { $0.replica == author }, "a change references its own log")
        // Its own sequence number is not known here; what precedes it is the author's own affair.
        let index = DotIndex(author: author, own: .max, references: references)
        var previous: RowOperation?
        return encoded(operationCount: operations.count, capacity: 96 * operations.count) { encoder in
            for operation in operations {
                precondition(
                    previous.map { $0.precedes(operation) } ?? true, "operations are not sorted by table and row")
                operation.encode(into: &encoder, index: index)
                previous = operation
            }
        }
    }

    /// The encoding of this body with operations that were encoded before, in place of its own.
    ///
    /// - Parameters:
    ///   - operationCount: how many there are.
    ///   - capacity: about how many bytes they have.
    ///   - write: appends them, sorted by table and row.
    public func encoded(
        operationCount: Int, capacity: Int, _ write: (inout CBOREncoder) -> Void
    ) -> [UInt8] {
        precondition(references.count <= Limits.references, "a change with \(references.count) references")
        precondition(lamport > 0, "only a genesis has lamport number 0")
        var encoder = CBOREncoder(capacity: 128 + actor.utf8.count + reason.utf8.count + capacity)
        encoder.array(count: extensions.isEmpty ? 7 : 8)
        encoder.unsigned(timestamp.rawValue)
        encoder.unsigned(lamport)
        encoder.unsigned(schemaVersion)
        encoder.text(actor, maximum: Limits.actorBytes)
        encoder.text(reason, maximum: Limits.reasonBytes)
        encoder.array(count: operationCount)
        write(&encoder)
        encoder.references(references)
        if !extensions.isEmpty { encodeExtensions(into: &encoder) }
        return encoder.bytes
    }

    /// What the references of a change have to cover: for every replica other than `author` that a dot in these
    /// operations names, the greatest such dot, sorted.
    public static func foreignDots(in operations: [RowOperation], author: ReplicaID) -> [Dot] {
        var greatest = VersionVector()
        for operation in operations {
            operation.forEachDot { if $0.replica != author { greatest.insert($0) } }
        }
        return greatest.entries.map { Dot($0.key, $0.value) }.sorted()
    }

    private func encodeExtensions(into encoder: inout CBOREncoder) {
        encoder.map(count: extensions.count)
        // The order of shortest unsigned integers is that of their encodings.
        for (number, item) in extensions.sorted(by: { $0.key < $1.key }) {
            encoder.unsigned(number)
            encoder.raw(item)
        }
    }
}

extension RowOperation {
    /// Appends the encoding of this operation in a change of `author` with these references.
    public func encode(into encoder: inout CBOREncoder, author: ReplicaID, references: [ChangeReference]) {
        encode(into: &encoder, index: DotIndex(author: author, own: .max, references: references))
    }

    /// Whether this operation's place in a change is before the other's.
    public func precedes(_ other: RowOperation) -> Bool {
        table == other.table ? row < other.row : table < other.table
    }

    /// Calls `body` with every dot that this operation names.
    fileprivate func forEachDot(_ body: (Dot) -> Void) {
        saw.forEach(body)
        for effect in effects {
            switch effect.content {
            case .register(let replaces, _): replaces.forEach(body)
            case .set(let elements): elements.forEach { $0.saw.forEach(body) }
            case .increment(let bases, _): bases.forEach(body)
            case .base(let replaces, _): replaces.forEach { body($0.dot) }
            case .text(let text): text.namedCharacters.forEach { body($0.dot) }
            case .fact, .drop, .unknown: break
            }
        }
    }

    fileprivate func encode(into encoder: inout CBOREncoder, index: DotIndex) {
        precondition(
            verb != .insert || (saw.isEmpty && effects.allSatisfy(\.content.isFresh)),
            "an insert names earlier writes of its row")
        precondition(effects.isStrictlyAscending(by: \.group), "effects are not sorted by group, one for each")
        encoder.array(count: 5)
        encoder.unsigned(UInt64(table.rawValue))
        encoder.fixed(row)
        encoder.unsigned(UInt64(verb.rawValue))
        encoder.dots(saw, index: index)
        encoder.array(count: effects.count)
        for effect in effects { effect.encode(into: &encoder, index: index, verb: verb) }
    }
}

extension Effect {
    fileprivate func encode(into encoder: inout CBOREncoder, index: DotIndex, verb: RowOperation.Verb) {
        switch content {
        case .register(let replaces, let values):
            precondition(!values.isEmpty, "a register is written without values")
            begin(.register, fields: 1 + values.count, into: &encoder)
            encoder.dots(replaces, index: index)
            for value in values { value.encode(into: &encoder) }
        case .set(let elements):
            begin(.set, fields: 1, into: &encoder)
            Self.encode(elements, into: &encoder, index: index)
        case .increment(let bases, let delta):
            precondition(Self.isValidIncrement(delta), "an increment by \(delta)")
            begin(.increment, fields: 2, into: &encoder)
            encoder.dots(bases, index: index)
            encoder.signed(delta)
        case .base(let replaces, let value):
            begin(.base, fields: 2, into: &encoder)
            Self.encode(replaces, into: &encoder, index: index)
            encoder.signed(value)
        case .fact(let values):
            precondition(verb == .insert && !values.isEmpty, "a fact is written without values or outside an insert")
            begin(.fact, fields: values.count, into: &encoder)
            for value in values { value.encode(into: &encoder) }
        case .text(let text):
            begin(.text, fields: 2, into: &encoder)
            text.encode(into: &encoder, index: index)
        case .drop:
            precondition(verb == .delete && group == Self.dropGroup, "a drop outside a delete")
            begin(.drop, fields: 0, into: &encoder)
        case .unknown(_, let encoded):
            encoder.raw(encoded)
        }
    }

    private func begin(_ kind: EffectKind, fields: Int, into encoder: inout CBOREncoder) {
        encoder.array(count: 2 + fields)
        encoder.unsigned(UInt64(group.rawValue))
        encoder.unsigned(kind.rawValue)
    }

    private static func encode(_ replaces: [ObservedBase], into encoder: inout CBOREncoder, index: DotIndex) {
        precondition(replaces.isStrictlyAscending(by: \.dot), "replaced bases are not sorted by dot")
        encoder.array(count: replaces.count)
        for base in replaces {
            encoder.array(count: 3)
            if base.dot == index.initialZero {
                precondition(replaces.count == 1, "the initial zero is replaced beside a base")
                precondition(base.sum != 0, "the initial zero is replaced without need")
                encoder.unsigned(0)
                encoder.unsigned(0)
            } else {
                encoder.dot(base.dot, index: index)
            }
            encoder.signed(base.sum)
        }
    }

    private static func encode(_ elements: [ElementOperation], into encoder: inout CBOREncoder, index: DotIndex) {
        precondition(!elements.isEmpty, "a set is written without elements")
        encoder.array(count: elements.count)
        var previous: [UInt8] = []
        for operation in elements {
            let element = operation.element.encoded()
            precondition(previous.lexicographicallyPrecedes(element), "set elements are not sorted by their encodings")
            encoder.array(count: 3)
            encoder.raw(element)
            encoder.unsigned((operation.adds ? ElementOperation.Verb.add : .remove).rawValue)
            encoder.dots(operation.saw, index: index)
            previous = element
        }
    }
}

extension CBOREncoder {
    /// Writes sorted dots as one flat array of pairs.
    fileprivate mutating func dots(_ dots: [Dot], index: DotIndex) {
        precondition(dots.isStrictlyAscending(by: \.self), "dots are not sorted, one each")
        array(count: 2 * dots.count)
        for dot in dots { self.dot(dot, index: index) }
    }

    fileprivate mutating func dot(_ dot: Dot, index: DotIndex) {
        unsigned(UInt64(index.index(of: dot)))
        unsigned(dot.sequence)
    }
}
