import GembaCausality
import GembaWire

/// The state of one row as the rules define it, computed at once from all operations on it.
///
/// It shares nothing with the store's merge: where that applies operations one after another to a state, this one
/// collects all writes and all names of replaced writes, and takes the difference (RULES M2–M9).
struct ReferenceRow {
    /// A write that nobody replaced.
    struct Write<Content> {
        var dot: Dot
        var content: Content
    }

    struct Counter {
        struct Base {
            var value: Int64
            var observed: [Effect.ObservedBase]
        }

        var bases: [Write<Base>] = []
        /// Increments by the base that they named, modulo 2^128, without zeros.
        var sums: [Dot: Int128] = [:]
        var initialSum: Int128 = 0
    }

    /// The presence writes that nobody replaced: true for deletions. Sorted by dot.
    private(set) var presence: [Write<Bool>] = []
    private(set) var wasInserted = false
    private(set) var registers: [GroupID: [Write<[Value]>]] = [:]
    private(set) var facts: [GroupID: [Write<[Value]>]] = [:]
    private(set) var sets: [GroupID: [Value: [Dot]]] = [:]
    private(set) var counters: [GroupID: Counter] = [:]
    private(set) var texts: [GroupID: ReferenceText] = [:]

    /// M5, M7: a row is there once it was inserted, while a write that is no deletion stands.
    var isVisible: Bool { wasInserted && presence.contains { !$0.content } }

    init(_ operations: [(dot: Dot, operation: RowOperation)]) {
        wasInserted = operations.contains { $0.operation.verb == .insert }
        let seen = Set(operations.flatMap(\.operation.saw))
        presence = operations.filter { !seen.contains($0.dot) }
            .map { Write(dot: $0.dot, content: $0.operation.verb == .delete) }.sorted { $0.dot < $1.dot }
        let effects = operations.flatMap { line in line.operation.effects.map { (line.dot, $0) } }
        for (group, effects) in Dictionary(grouping: effects, by: { $0.1.group }) {
            registers[group] = Self.register(effects)
            facts[group] = Self.fact(effects)
            sets[group] = Self.set(effects)
            counters[group] = Self.counter(effects)
            texts[group] = Self.text(effects)
        }
    }

    // MARK: - Groups

    private static func register(_ effects: [(Dot, Effect)]) -> [Write<[Value]>]? {
        var writes: [Write<[Value]>] = []
        var replaced: Set<Dot> = []
        for (dot, effect) in effects {
            guard case .register(let names, let values) = effect.content else { continue }
            writes.append(Write(dot: dot, content: values))
            replaced.formUnion(names)
        }
        let standing = writes.filter { !replaced.contains($0.dot) }.sorted { $0.dot < $1.dot }
        return standing.isEmpty ? nil : standing
    }

    private static func fact(_ effects: [(Dot, Effect)]) -> [Write<[Value]>]? {
        let writes = effects.compactMap { dot, effect -> Write<[Value]>? in
            guard case .fact(let values) = effect.content else { return nil }
            return Write(dot: dot, content: values)
        }
        return writes.isEmpty ? nil : writes.sorted { $0.dot < $1.dot }
    }

    private static func set(_ effects: [(Dot, Effect)]) -> [Value: [Dot]]? {
        var additions: [Value: Set<Dot>] = [:]
        var seen: [Value: Set<Dot>] = [:]
        for (dot, effect) in effects {
            guard case .set(let operations) = effect.content else { continue }
            for operation in operations {
                if operation.adds { additions[operation.element, default: []].insert(dot) }
                seen[operation.element, default: []].formUnion(operation.saw)
            }
        }
        let standing = additions.compactMapValues { dots -> [Dot]? in dots.isEmpty ? nil : dots.sorted() }
            .reduce(into: [Value: [Dot]]()) { result, entry in
                let rest = entry.value.filter { !(seen[entry.key]?.contains($0) ?? false) }
                if !rest.isEmpty { result[entry.key] = rest }
            }
        return standing.isEmpty ? nil : standing
    }

    private static func text(_ effects: [(Dot, Effect)]) -> ReferenceText? {
        let text = ReferenceText(
            effects.compactMap { dot, effect in
                if case .text(let text) = effect.content { (dot, text) } else { nil }
            })
        return text.characters.isEmpty ? nil : text
    }

    private static func counter(_ effects: [(Dot, Effect)]) -> Counter? {
        var counter = Counter()
        var replaced: Set<Dot> = []
        for (dot, effect) in effects {
            switch effect.content {
            case .increment(let bases, let delta):
                if bases.isEmpty { counter.initialSum &+= Int128(delta) }
                for base in bases { counter.sums[base, default: 0] &+= Int128(delta) }
            case .base(let names, let value):
                replaced.formUnion(names.map(\.dot))
                counter.bases.append(Write(dot: dot, content: .init(value: value, observed: names)))
            default: break
            }
        }
        counter.bases = counter.bases.filter { !replaced.contains($0.dot) }.sorted { $0.dot < $1.dot }
        counter.sums = counter.sums.filter { $0.value != 0 }
        let isEmpty = counter.bases.isEmpty && counter.sums.isEmpty && counter.initialSum == 0
        return isEmpty ? nil : counter
    }
}
