import GembaCausality
import GembaWire

/// The state of one row as the rules define it, computed at once from all operations on it.
///
/// It shares nothing with the store's merge: where that applies operations one after another to a state, this one
/// collects all writes and all names of replaced writes, and takes the difference (RULES M2–M9). Where that forgets at a drop
/// what it had applied, this one asks of each operation whether it had seen every drop (M16).
struct ReferenceRow {
    /// An operation on the row, with what its author had seen.
    struct Line {
        var dot: Dot
        var operation: RowOperation
        var past: VersionVector
        /// Whether its author may drop rows.
        var isAdministrators: Bool

        var isDrop: Bool { operation.effects.contains { $0.content == .drop } }
    }

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
    private(set) var drops: Set<Dot> = []
    /// The changes that no drop had seen.
    private(set) var left: Set<Dot> = []
    /// Those of them that had not seen all drops either.
    private(set) var apart: Set<Dot> = []
    /// What the authors of the presence writes had seen.
    private var pasts: [Dot: VersionVector] = [:]
    private(set) var registers: [GroupID: [Write<[Value]>]] = [:]
    private(set) var facts: [GroupID: [Write<[Value]>]] = [:]
    private(set) var sets: [GroupID: [Value: [Dot]]] = [:]
    private(set) var counters: [GroupID: Counter] = [:]
    private(set) var texts: [GroupID: ReferenceText] = [:]

    /// M5, M7: a row is there once it was inserted, while a write that is no deletion stands.
    var isVisible: Bool { wasInserted && presence.contains { !$0.content } }

    /// M7, M16: something was written, and there is no row to hold it; or there is one again that has nothing of it.
    var hasOrphans: Bool {
        if !wasInserted { return drops.isEmpty || presence.contains { !$0.content } }
        let alive = presence.filter { !$0.content }.map(\.dot)
        return alive.contains { dot in
            apart.contains(dot) && !alive.contains { !apart.contains($0) && pasts[$0]?.contains(dot) ?? false }
        }
    }

    /// M7: a deletion stands beside a write that did not know it; who inserts a dropped row again knows the drop.
    var isRevived: Bool { isVisible && presence.contains { $0.content && !drops.contains($0.dot) } }

    init(_ operations: [Line], order: ReferenceModel.Order) {
        let dropping = operations.filter { $0.isDrop && $0.isAdministrators }
        drops = Set(dropping.map(\.dot))
        let counting = operations.filter { line in !line.isDrop && drops.allSatisfy(line.past.contains) }
        wasInserted = counting.contains { $0.operation.verb == .insert }
        let seen = Set(operations.flatMap(\.operation.saw))
        presence = operations.filter { !seen.contains($0.dot) }
            .map { Write(dot: $0.dot, content: $0.operation.verb == .delete) }.sorted { $0.dot < $1.dot }
        let left = operations.filter { line in
            !drops.contains(line.dot) && !dropping.contains { $0.past.contains(line.dot) }
        }
        self.left = Set(left.map(\.dot))
        for line in operations where !seen.contains(line.dot) { pasts[line.dot] = line.past }
        apart = Set(left.filter { line in !drops.allSatisfy(line.past.contains) }.map(\.dot))
        let effects = counting.flatMap { line in line.operation.effects.map { (line.dot, $0) } }
        for (group, effects) in Dictionary(grouping: effects, by: { $0.1.group }) {
            registers[group] = Self.register(effects)
            facts[group] = Self.fact(effects)
            sets[group] = Self.set(effects)
            counters[group] = Self.counter(effects)
            texts[group] = Self.text(effects, order)
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

    private static func text(_ effects: [(Dot, Effect)], _ order: ReferenceModel.Order) -> ReferenceText? {
        let text = ReferenceText(
            effects.compactMap { dot, effect in
                if case .text(let text) = effect.content { (dot, text) } else { nil }
            }, ascending: order.ascend)
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
