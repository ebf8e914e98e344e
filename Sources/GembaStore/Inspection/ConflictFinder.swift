import GembaCRDT
import GembaCausality
import GembaWire

/// Finds what about one row waits for a person: a function of its merge state and of the schema.
struct ConflictFinder {
    let context: StoreContext
    let layout: TableLayout
    let row: RowID
    let state: RowState<[Value]>

    private typealias Sibling = Conflict.Sibling

    /// Nil when nothing is known of the row.
    init?(_ row: RowID, in layout: TableLayout, context: StoreContext) throws {
        guard let (state, _) = try context.rows.load(table: layout.table.id, row: row) else { return nil }
        (self.context, self.layout, self.row, self.state) = (context, layout, row, state)
    }

    /// By group number, what concerns the whole row first.
    func conflicts() throws -> [Conflict] {
        if !state.wasInserted { return state.isOrphan ? try orphans() : [] }
        guard state.isVisible else { return [] }
        let keys = state.groups.keys.sorted()
        return try revival() + orphansBeside()
            + keys.flatMap { key -> [Conflict] in
                guard let index = layout.index(of: key.group), !layout.groups[index].isHidden else { return [] }
                return try conflicts(over: key, index: index)
            }
    }

    private func conflict(
        _ kind: Conflict.Kind, over group: GroupID?, columns: [String], _ siblings: [Sibling]
    ) -> Conflict {
        let sorted = siblings.sorted { left, right in
            if left.isShown != right.isShown { return left.isShown }
            return (left.provenance.timestamp, left.provenance.dot) < (right.provenance.timestamp, right.provenance.dot)
        }
        return Conflict(
            kind: kind, table: layout.table.name, row: row, group: group, columns: columns, siblings: sorted)
    }

    private func sibling(
        _ written: [Value], columns: [String], by dot: LocalDot, isShown: Bool
    ) throws -> Sibling {
        let values = written.count == columns.count ? zip(columns, written).map { ($0, $1) } : []
        return Sibling(
            written: written, values: Dictionary(values, uniquingKeysWith: { first, _ in first }),
            provenance: try context.provenance(of: dot), isShown: isShown)
    }

    private func columns(of group: GroupID) -> [String] {
        layout.index(of: group).map { layout.groups[$0].columns.map(\.name) } ?? []
    }

    // MARK: - The whole row

    private func revival() throws -> [Conflict] {
        guard state.isRevived else { return [] }
        let siblings = try state.presence.writes.map { write in
            try sibling([], columns: [], by: write.name, isShown: write.payload == .alive)
        }
        return [conflict(.revived, over: nil, columns: [], siblings)]
    }

    /// What was written to a row that is not there.
    private func orphans() throws -> [Conflict] {
        var groups = state.groups
        if state.isDropped {
            groups.merge(try context.lostState(of: row, in: layout.table.id, state).groups) { held, _ in held }
        }
        return try orphans(groups, by: aliveNames.isEmpty ? state.presence.names : aliveNames)
    }

    /// What was written to a row in ignorance of its drop, now that it is there again and has nothing of it; unless whoever
    /// brought it back, or wrote to it since, had seen that.
    private func orphansBeside() throws -> [Conflict] {
        if state.drops.isEmpty { return [] }
        let alive = aliveNames
        let apart = try alive.filter { name in
            guard try context.isApart(name, from: state.drops) else { return false }
            return try !alive.contains { try context.rows.hasSeen(state.drops + [name], by: $0) }
        }
        if apart.isEmpty { return [] }
        return try orphans(context.lostState(of: row, in: layout.table.id, state).groups, by: apart)
    }

    /// What was written, group by group; where nothing is known of that, who touched the row.
    private func orphans(_ groups: [GroupKey: GroupState<[Value]>], by names: [LocalDot]) throws -> [Conflict] {
        let found = try groups.sorted { $0.key < $1.key }.map { key, group in
            conflict(
                .orphan, over: key.group, columns: columns(of: key.group),
                try everything(in: group, of: key.group, by: names))
        }
        if !found.isEmpty { return found }
        let siblings = try names.map { try sibling([], columns: [], by: $0, isShown: false) }
        return [conflict(.orphan, over: nil, columns: [], siblings)]
    }

    /// Who says that the row lives.
    private var aliveNames: [LocalDot] {
        state.presence.writes.filter { $0.payload == .alive }.map(\.name)
    }

    /// All that was written to a group by those who touched the row, whatever the schema says of it.
    private func everything(
        in state: GroupState<[Value]>, of group: GroupID, by names: [LocalDot]
    ) throws -> [Sibling] {
        let columns = columns(of: group)
        switch state {
        case .writes(let writes):
            return try writes.writes.map { try sibling($0.payload, columns: columns, by: $0.name, isShown: false) }
        case .set(let set):
            return try set.sortedByEncoding.flatMap { _, element in
                try set.names(of: element).map { try sibling([element], columns: columns, by: $0, isShown: false) }
            }
        case .counter(let counter):
            let bases = try counter.bases.names.map { base in
                try sibling([.integer(counter.value(over: base))], columns: columns, by: base, isShown: false)
            }
            return try bases.isEmpty
                ? whole(.integer(counter.value(over: nil)), columns: columns, by: names) : bases
        case .text(let text):
            return try whole(.text(text.text), columns: columns, by: names)
        }
    }

    /// What many changes made together, as increments and letters do; whoever last touched the row stands for them.
    private func whole(_ value: Value, columns: [String], by names: [LocalDot]) throws -> [Sibling] {
        try names.suffix(1).map { try sibling([value], columns: columns, by: $0, isShown: false) }
    }

    // MARK: - One group

    private func conflicts(over key: GroupKey, index: Int) throws -> [Conflict] {
        let group = layout.groups[index]
        let names = group.columns.map(\.name)
        guard let content = state.groups[key] else { return [] }
        guard key.family == MergeFamily(group.merge) else {
            return [
                conflict(
                    .unfit, over: group.id, columns: names,
                    try everything(in: content, of: group.id, by: state.presence.names))
            ]
        }
        switch content {
        case .set, .text: return []
        case .writes(let writes): return try conflicts(of: writes, key: key, index: index, names)
        case .counter(let counter): return try conflicts(of: counter, group: group, index: index, names)
        }
    }

    private func conflicts(
        of writes: RowState<[Value]>.Writes, key: GroupKey, index: Int, _ names: [String]
    ) throws -> [Conflict] {
        let shown = try context.rows.shown(writes, by: layout.orders[index])
        let fits = shown.map { layout.fits($0.payload, group: index, family: key.family) } ?? true
        let areSeveral = Set(writes.writes.map(\.payload)).count > 1
        guard areSeveral || !fits else { return [] }
        let siblings = try writes.writes.map { write in
            try sibling(write.payload, columns: names, by: write.name, isShown: fits && write.name == shown?.name)
        }
        return [conflict(areSeveral ? .siblings : .unfit, over: key.group, columns: names, siblings)]
    }

    private func conflicts(
        of counter: Counter<LocalDot>, group: Group, index: Int, _ names: [String]
    ) throws -> [Conflict] {
        guard let shown = try context.rows.shownBase(of: counter, by: layout.orders[index])?.name else { return [] }
        let total = { (base: LocalDot) in Value.integer(counter.value(over: base)) }
        var found: [Conflict] = []
        if Set(counter.bases.names.map(total)).count > 1 {
            let siblings = try counter.bases.names.map { base in
                try sibling([total(base)], columns: names, by: base, isShown: base == shown)
            }
            found.append(conflict(.counts, over: group.id, columns: names, siblings))
        }
        let stranded = counter.stranded(by: shown)
        if stranded != 0 {
            let included = Int64(clamping: Int128(counter.value(over: shown)) + stranded)
            found.append(
                conflict(
                    .stranded, over: group.id, columns: names,
                    [
                        try sibling([total(shown)], columns: names, by: shown, isShown: true),
                        try sibling([.integer(included)], columns: names, by: shown, isShown: false),
                    ]))
        }
        return found
    }
}
