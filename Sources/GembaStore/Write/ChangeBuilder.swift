import GembaCausality
import GembaTrust
import GembaWire

/// Gathers what one change does, in normal form: at most one operation for each row and one effect for each group.
///
/// A later step on the same place is folded into the earlier one, so that what is written equals what the steps did one
/// after another. Most rows see one step only; insertions, and edits of what the author wrote itself, are encoded at once.
struct ChangeBuilder {
    private struct Key: Hashable, Comparable {
        var table: TableID
        var row: RowID

        static func < (left: Self, right: Self) -> Bool { (left.table, left.row) < (right.table, right.row) }
    }

    /// What the change does to one row.
    private struct Piece {
        var key: Key
        var content: Content

        enum Content {
            /// In `encoder`, naming nobody else's changes.
            case encoded(Range<Int>)
            /// Elsewhere: most pieces are of the other kind, and are as small as that.
            indirect case operation(RowOperation)
        }
    }

    /// The change being built.
    let dot: Dot
    private var pieces: [Piece] = []
    private var encoder: CBOREncoder
    /// Where the operation on a row stands in `pieces`, for the first `indexed` of them. A change that touches no row twice
    /// needs none of it.
    private var places: [Key: Int] = [:]
    private var indexed = 0
    /// Whether all pieces so far are encoded, in the order of the change, and so stand as they are in it.
    private var isFinal = true
    /// What compresses such pieces while others are made, once there are many, and how far it has come.
    private var early: EarlyCompression?
    private var earlyEnd = 0

    /// - Parameter room: an encoder whose content is not needed any more.
    init(dot: Dot, room: CBOREncoder) {
        self.dot = dot
        encoder = room
        encoder.removeAll()
    }

    /// The room that the change took, for the next one; unless it is uncommonly large.
    var room: CBOREncoder { encoder.bytes.count <= Self.greatestRoom ? encoder : CBOREncoder() }

    private static let greatestRoom = 1 << 20

    var isEmpty: Bool { pieces.isEmpty }

    mutating func operation(table: TableID, row: RowID) throws -> RowOperation? {
        try place(Key(table: table, row: row)).map(operation(at:))
    }

    private func operation(at place: Int) throws -> RowOperation {
        switch pieces[place].content {
        case .operation(let operation): operation
        case .encoded(let range): try RowOperation(decoding: encoder.bytes[range], author: dot.replica)
        }
    }

    private mutating func place(_ key: Key) -> Int? {
        if places.isEmpty { places.reserveCapacity(pieces.count) }
        while indexed < pieces.count {
            places[pieces[indexed].key] = indexed
            indexed += 1
        }
        return places[key]
    }

    // MARK: - Adding

    /// Adds the insertion of a row that no earlier step touches, unless `write` finds that it cannot be inserted.
    ///
    /// - Parameter capacity: the most bytes that `write` writes.
    /// - Returns: what `write` returns.
    mutating func add(
        insertionOf row: RowID, into table: TableID, atMost capacity: Int,
        write: (inout CBORWriter) throws -> Bool
    ) throws -> Bool {
        let start = encoder.bytes.count
        guard try encoder.attempt(atMost: capacity, write) else { return false }
        append(encodedFrom: start, on: Key(table: table, row: row))
        return true
    }

    /// Adds an edit of a row that no earlier step touches.
    ///
    /// - Parameter capacity: the most bytes that `write` writes.
    mutating func add(
        editOf row: RowID, in table: TableID, atMost capacity: Int, write: (inout CBORWriter) -> Void
    ) {
        let start = encoder.bytes.count
        encoder.write(atMost: capacity, write)
        append(encodedFrom: start, on: Key(table: table, row: row))
    }

    private mutating func append(encodedFrom start: Int, on key: Key) {
        if !pieces.isEmpty, pieces[pieces.count - 1].key >= key { compressLate() }
        pieces.append(Piece(key: key, content: .encoded(start..<encoder.bytes.count)))
        if isFinal, encoder.bytes.count - earlyEnd >= EarlyCompression.pieceBytes { compressEarly() }
    }

    private mutating func compressEarly() {
        early = early ?? EarlyCompression()
        early?.append(Array(encoder.bytes[earlyEnd...]))
        earlyEnd = encoder.bytes.count
    }

    /// Leaves it all to the end: what there is may still change, or be put in order.
    private mutating func compressLate() {
        isFinal = false
        early = nil
    }

    /// Adds a step. Returns false when the row's operations cancelled out: it was inserted and deleted by this change.
    mutating func add(_ step: RowOperation) throws -> Bool {
        compressLate()
        let key = Key(table: step.table, row: step.row)
        guard let place = place(key) else {
            pieces.append(Piece(key: key, content: .operation(step)))
            return true
        }
        let earlier = try operation(at: place)
        if earlier.verb == .insert, step.verb == .delete {
            remove(at: place, key)
            return false
        }
        var combined = earlier
        if earlier.verb != .insert {
            combined.verb = step.verb
            combined.saw = union(earlier.saw, step.saw)
        }
        var effects = Dictionary(uniqueKeysWithValues: earlier.effects.map { ($0.group, $0) })
        for effect in step.effects {
            effects[effect.group] = effects[effect.group].map { combine($0, effect) } ?? effect
        }
        combined.effects = effects.values.filter { !$0.content.isNothing }.sorted { $0.group < $1.group }
        pieces[place].content = .operation(combined)
        return true
    }

    private mutating func remove(at place: Int, _ key: Key) {
        places[key] = nil
        let last = pieces.removeLast()
        indexed -= 1
        if place == pieces.count { return }
        pieces[place] = last
        places[last.key] = place
    }

    private func combine(_ earlier: Effect, _ later: Effect) -> Effect {
        switch (earlier.content, later.content) {
        case (.register(let first, _), .register(let second, let values)):
            Effect(group: later.group, content: .register(replaces: union(first, second), values: values))
        case (.set(let first), .set(let second)):
            Effect(group: later.group, content: .set(combine(first, second)))
        case (.increment(let bases, let first), .increment(_, let second)):
            Effect(group: later.group, content: .increment(bases: bases, delta: first + second))
        case (.base(let replaces, let value), .increment(_, let delta)):
            Effect(group: later.group, content: .base(replaces: replaces, value: value + delta))
        case (.base(let replaces, _), .base(_, let value)):
            Effect(group: later.group, content: .base(replaces: replaces, value: value))
        default: later
        }
    }

    private func combine(
        _ first: [Effect.ElementOperation], _ second: [Effect.ElementOperation]
    ) -> [Effect.ElementOperation] {
        var byElement = Dictionary(uniqueKeysWithValues: first.map { ($0.element, $0) })
        for operation in second {
            var combined = operation
            combined.saw = union(byElement[operation.element]?.saw ?? [], operation.saw)
            byElement[operation.element] = combined
        }
        // An element that was added and taken back by this change, and was not there before, is nothing.
        return byElement.filter { $0.value.adds || !$0.value.saw.isEmpty }
            .map { (encoded: $0.key.encoded(), operation: $0.value) }
            .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
            .map(\.operation)
    }

    /// All dots but this change's own, sorted.
    private func union(_ first: [Dot], _ second: [Dot]) -> [Dot] {
        Set(first).union(second).subtracting([dot]).sorted()
    }

    // MARK: - The change

    /// For every other replica that the operations name: the greatest dot named.
    var greatestNamedDots: [Dot] {
        let operations = pieces.compactMap { piece in
            if case .operation(let operation) = piece.content { operation } else { nil }
        }
        return ChangeBody.foreignDots(in: operations, author: dot.replica)
    }

    /// Where the pieces stand, in the order of the change.
    private func sortedPlaces() -> [Int] {
        // Keys are smaller than pieces, and moved about in their place.
        pieces.enumerated().map { (key: $1.key, place: $0) }.sorted { $0.key < $1.key }.map { $0.place }
    }

    /// The encoding of `body`, which lacks its operations, with those gathered here, and what of it is compressed already.
    func encode(_ body: ChangeBody) -> (content: [UInt8], early: Envelope.EarlyPart?) {
        let structured = pieces.count { if case .operation = $0.content { true } else { false } }
        var start = 0
        let content = body.encoded(
            operationCount: pieces.count, capacity: encoder.bytes.count + 96 * structured
        ) { target in
            start = target.bytes.count
            if isFinal { return target.raw(encoder.bytes) }
            for place in sortedPlaces() {
                switch pieces[place].content {
                case .encoded(let range):
                    target.raw(encoder.bytes[range])
                case .operation(let operation):
                    operation.encode(into: &target, author: dot.replica, references: body.references)
                }
            }
        }
        return (content, early.map { Envelope.EarlyPart(compression: $0, start: start) })
    }
}

extension Effect.Content {
    /// Whether the steps of a change took each other back.
    fileprivate var isNothing: Bool {
        switch self {
        case .set(let elements): elements.isEmpty
        case .increment(_, let delta): delta == 0
        case .text(let text): text.isEmpty
        default: false
        }
    }
}
