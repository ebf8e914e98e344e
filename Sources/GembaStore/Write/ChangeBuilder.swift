import GembaCausality
import GembaWire

/// Gathers what one change does, in normal form: at most one operation for each row and one effect for each group.
///
/// A later step on the same place is folded into the earlier one, so that what is written equals what the steps did one
/// after another.
struct ChangeBuilder {
    private struct Key: Hashable {
        var table: TableID
        var row: RowID
    }

    /// The change being built.
    let dot: Dot
    private var operations: [RowOperation] = []
    /// Where the operation on a row stands in `operations`, for the first `indexed` of them. A change that only inserts
    /// needs none of it.
    private var places: [Key: Int] = [:]
    private var indexed = 0

    init(dot: Dot) { self.dot = dot }

    var isEmpty: Bool { operations.isEmpty }

    mutating func operation(table: TableID, row: RowID) -> RowOperation? {
        place(Key(table: table, row: row)).map { operations[$0] }
    }

    private mutating func place(_ key: Key) -> Int? {
        while indexed < operations.count {
            places[Key(table: operations[indexed].table, row: operations[indexed].row)] = indexed
            indexed += 1
        }
        return places[key]
    }

    /// The operations, sorted by table and row.
    var sortedOperations: [RowOperation] {
        let precedes = { (left: RowOperation, right: RowOperation) in
            (left.table, left.row) < (right.table, right.row)
        }
        let isSorted = zip(operations, operations.dropFirst()).allSatisfy(precedes)
        return isSorted ? operations : operations.sorted(by: precedes)
    }

    /// Adds the insertion of a row that no earlier step touches.
    mutating func add(insertion: RowOperation) { operations.append(insertion) }

    /// Adds a step. Returns false when the row's operations cancelled out: it was inserted and deleted by this change.
    mutating func add(_ step: RowOperation) -> Bool {
        let key = Key(table: step.table, row: step.row)
        guard let place = place(key) else {
            operations.append(step)
            return true
        }
        let earlier = operations[place]
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
        operations[place] = combined
        return true
    }

    private mutating func remove(at place: Int, _ key: Key) {
        places[key] = nil
        let last = operations.removeLast()
        indexed -= 1
        if place == operations.count { return }
        operations[place] = last
        places[Key(table: last.table, row: last.row)] = place
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

    /// For every other replica that the operations name: the greatest dot named.
    var greatestNamedDots: [Dot] {
        var greatest: [ReplicaID: SequenceNumber] = [:]
        func name(_ dots: [Dot]) {
            for named in dots where named.replica != dot.replica {
                greatest[named.replica] = max(greatest[named.replica] ?? 0, named.sequence)
            }
        }
        for operation in operations where operation.verb != .insert {
            name(operation.saw)
            for effect in operation.effects {
                switch effect.content {
                case .register(let replaces, _): name(replaces)
                case .set(let elements): elements.forEach { name($0.saw) }
                case .increment(let bases, _): name(bases)
                case .base(let replaces, _): name(replaces.map(\.dot))
                case .fact, .unknown: break
                }
            }
        }
        return greatest.map { Dot($0.key, $0.value) }.sorted()
    }
}

extension Effect.Content {
    /// Whether the steps of a change took each other back.
    fileprivate var isNothing: Bool {
        switch self {
        case .set(let elements): elements.isEmpty
        case .increment(_, let delta): delta == 0
        default: false
        }
    }
}
