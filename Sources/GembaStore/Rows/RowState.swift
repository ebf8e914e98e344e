import GembaCRDT
import GembaCausality
import GembaWire

/// The merge state of one row: its presence and its groups.
///
/// `Payload` is what a register's writes carry: their values, or ``Nothing`` where only the dots matter, as they do
/// for an edit that settles every group it touches.
struct RowState<Payload: Hashable & Sendable>: Hashable, Sendable {
    typealias Writes = DotFunction<LocalDot, Payload>

    var presence = DotFunction<LocalDot, PresenceMark>()
    /// Whether an insert was ever applied that counts. An edit never creates a row: until then the row is an orphan.
    var wasInserted = false
    /// The drops of the row of which none had seen another, sorted: only changes that had seen all of them do more to it than
    /// to be a presence write.
    var drops: [LocalDot] = []
    /// The states that are not empty.
    var groups: [GroupKey: GroupState<Payload>] = [:]

    /// Whether a reader sees the row.
    var isVisible: Bool { wasInserted && presence.isAlive }
    /// Whether the row does not exist because it was dropped, and was not inserted again.
    var isDropped: Bool { !wasInserted && !drops.isEmpty }
    /// Whether something was written to a row that does not exist.
    var isOrphan: Bool { !wasInserted && (drops.isEmpty || presence.isAlive) }
    /// Whether a deletion stands beside a write that did not know it. Who inserts a dropped row again had seen the drop.
    var isRevived: Bool {
        presence.isAlive && presence.writes.contains { $0.payload == .deleted && !drops.contains($0.name) }
    }
}

/// What keeps a state of its own in a row. Effects carry their merge kind, and two authors may disagree about a group's
/// kind; their states then stand side by side, and the schema says which is shown.
struct GroupKey: Hashable, Comparable, Sendable {
    var group: GroupID
    var family: MergeFamily

    static func < (left: Self, right: Self) -> Bool {
        left.group == right.group ? left.family.rawValue < right.family.rawValue : left.group < right.group
    }
}

/// The merge kinds that share a state. The numbers enter digests.
enum MergeFamily: UInt8, Hashable, Sendable {
    case register = 0
    case set = 1
    case counter = 2
    case fact = 4
    case text = 5

    init(_ merge: Group.Merge) {
        self =
            switch merge {
            case .register: .register
            case .set: .set
            case .counter: .counter
            case .fact: .fact
            case .text: .text
            }
    }
}

enum GroupState<Payload: Hashable & Sendable>: Hashable, Sendable {
    /// A register or a fact.
    case writes(DotFunction<LocalDot, Payload>)
    case set(ObservedRemoveSet<LocalDot, Value>)
    case counter(Counter<LocalDot>)
    case text(TextState)

    var isEmpty: Bool {
        switch self {
        case .writes(let writes): writes.isEmpty
        case .set(let set): set.isEmpty
        case .counter(let counter): counter.isEmpty
        case .text(let text): text.isEmpty
        }
    }

    /// The un-replaced writes, of a register, a fact or a counter's bases.
    var names: [LocalDot] {
        switch self {
        case .writes(let writes): writes.names
        case .set, .text: []
        case .counter(let counter): counter.bases.names
        }
    }
}

// MARK: - Applying operations

extension RowState {
    /// Applies what one change does to the row.
    ///
    /// - Parameters:
    ///   - dot: the change's dot.
    ///   - changes: knows the changes that the operation names, and what its author had seen.
    ///   - payload: makes a register's payload of the values written.
    /// - Returns: the effects of unknown kind, which the caller defers.
    mutating func apply(
        _ operation: RowOperation, as dot: LocalDot, knowing changes: RowStore, payload: ([Value]) -> Payload
    ) throws -> [Effect] {
        let local = changes.local
        let mark: PresenceMark = operation.verb == .delete ? .deleted : .alive
        presence.write(mark, as: dot, replacing: try operation.saw.map(local))
        if operation.isDrop, !changes.calibration.contains(.defersDrops) {
            if try changes.mayDrop(dot) { try drop(as: dot, knowing: changes) }
            return []
        }
        guard try changes.hasSeen(drops, by: dot) else { return [] }
        if operation.verb == .insert { wasInserted = true }
        var unknown: [Effect] = []
        for effect in operation.effects {
            if try !apply(effect, as: dot, knowing: changes, payload: payload) { unknown.append(effect) }
        }
        return unknown
    }

    /// Takes everything but presence. Nothing that was applied so far had seen this drop, since it comes only now.
    private mutating func drop(as dot: LocalDot, knowing changes: RowStore) throws {
        drops = try drops.filter { try !changes.hasSeen([$0], by: dot) } + [dot]
        drops.sort()
        groups = [:]
        wasInserted = false
    }

    /// Applies one effect, or returns false when its kind is unknown.
    private mutating func apply(
        _ effect: Effect, as dot: LocalDot, knowing changes: RowStore, payload: ([Value]) -> Payload
    ) throws -> Bool {
        let local = changes.local
        switch effect.content {
        case .register(let replaces, let values):
            try updateWrites(effect.group, .register) { writes in
                writes.write(payload(values), as: dot, replacing: try replaces.map(local))
            }
        case .fact(let values):
            updateWrites(effect.group, .fact) { $0.write(payload(values), as: dot, replacing: []) }
        case .set(let operations):
            try updateSet(effect.group) { set in
                for operation in operations {
                    let seen = try operation.saw.map(local)
                    if operation.adds {
                        set.add(operation.element, as: dot, replacing: seen)
                    } else {
                        set.remove(operation.element, seen: seen)
                    }
                }
            }
        case .increment(let bases, let delta):
            try updateCounter(effect.group) { $0.increment(by: delta, bases: try bases.map(local)) }
        case .base(let replaces, let value):
            try updateCounter(effect.group) { counter in
                let observed = try replaces.map { base in
                    Counter<LocalDot>.Observed(name: try local(base.dot), sum: base.sum)
                }
                counter.set(.init(value: value, observed: observed.sorted { $0.name < $1.name }), as: dot)
            }
        case .text(let text):
            let key = GroupKey(group: effect.group, family: .text)
            // Taken out of the table, so that a long text is changed in place.
            let state = try TextState.applying(text, to: takeText(key), as: dot, knowing: changes)
            groups[key] = state.isEmpty ? nil : .text(state)
        case .drop, .unknown:
            return false
        }
        return true
    }

    private mutating func updateWrites(
        _ group: GroupID, _ family: MergeFamily, _ body: (inout Writes) throws -> Void
    ) rethrows {
        let key = GroupKey(group: group, family: family)
        var writes = self.writes(key)
        try body(&writes)
        groups[key] = writes.isEmpty ? nil : .writes(writes)
    }

    private mutating func updateSet(
        _ group: GroupID, _ body: (inout ObservedRemoveSet<LocalDot, Value>) throws -> Void
    ) rethrows {
        var set = self.set(group)
        try body(&set)
        groups[GroupKey(group: group, family: .set)] = set.isEmpty ? nil : .set(set)
    }

    private mutating func updateCounter(
        _ group: GroupID, _ body: (inout Counter<LocalDot>) throws -> Void
    ) rethrows {
        var counter = self.counter(group)
        try body(&counter)
        groups[GroupKey(group: group, family: .counter)] = counter.isEmpty ? nil : .counter(counter)
    }

    /// What ``StoreCalibration/losesSiblings`` does.
    mutating func loseSiblings() {
        groups = groups.mapValues { group in
            guard case .writes(let writes) = group, let last = writes.writes.last else { return group }
            return .writes(.init(writes: [last]))
        }
    }

    private mutating func takeText(_ key: GroupKey) -> TextState? {
        if case .text(let text) = groups.removeValue(forKey: key) { text } else { nil }
    }

    // MARK: Reading one group

    func text(_ group: GroupID) -> TextState? {
        if case .text(let text) = groups[GroupKey(group: group, family: .text)] { text } else { nil }
    }

    func writes(_ key: GroupKey) -> Writes {
        if case .writes(let writes) = groups[key] { writes } else { Writes() }
    }

    func set(_ group: GroupID) -> ObservedRemoveSet<LocalDot, Value> {
        if case .set(let set) = groups[GroupKey(group: group, family: .set)] { set } else { ObservedRemoveSet() }
    }

    func counter(_ group: GroupID) -> Counter<LocalDot> {
        if case .counter(let counter) = groups[GroupKey(group: group, family: .counter)] { counter } else { Counter() }
    }
}

extension RowState where Payload == [Value] {
    /// The same state without values.
    var dotsOnly: RowState<Nothing> {
        var result = RowState<Nothing>(presence: presence, wasInserted: wasInserted, drops: drops)
        result.groups = groups.mapValues { state in
            switch state {
            case .writes(let writes):
                .writes(.init(writes: writes.writes.map { .init(name: $0.name, payload: Nothing()) }))
            case .set(let set): .set(set)
            case .counter(let counter): .counter(counter)
            case .text(let text): .text(text.dotsOnly)
            }
        }
        return result
    }
}

extension RowOperation {
    /// Whether it takes the row's merge state.
    var isDrop: Bool { effects.count == 1 && effects[0].content == .drop }
}
