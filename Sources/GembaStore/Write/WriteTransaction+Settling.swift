import GembaCRDT
import GembaCausality
import GembaWire

extension WriteTransaction {
    /// Settles a conflict in favour of one of its siblings, which may be one that readers are not shown.
    ///
    /// What somebody did since the conflict was read stays beside it: whoever settles has not seen it. Of a revived row, a
    /// sibling that is shown keeps the row and one that is not deletes it; an orphan gets the row that it is missing, with
    /// all that was written to it, where the row was dropped as far as that is still held. To a row that is there again after a
    /// drop, what the orphan wrote is written.
    ///
    /// - Throws: ``StoreError`` when the conflict cannot be settled so: facts are stated once, and a value that does not
    ///   fit its column waits for a program whose column takes it, or for another value.
    public func settle(_ conflict: Conflict, with sibling: Conflict.Sibling) throws {
        let layout = try context.layout(named: conflict.table)
        switch conflict.kind {
        case .siblings, .unfit:
            guard let group = conflict.group else { return }
            let seen = VersionToken(dots: [group: conflict.siblings.map(\.provenance.dot)])
            try update(conflict.table, conflict.row, sibling.values, basedOn: seen)
        case .counts, .stranded: try settleCount(conflict, with: sibling, layout)
        case .revived: try settleRevival(conflict, keepsRow: sibling.isShown, layout)
        case .orphan where try context.rows.metadata(table: layout.table.id, row: conflict.row)?.isVisible == true:
            try writeLost(sibling, of: conflict, layout)
        case .orphan:
            let effects = try lostEffects(on: conflict.row, in: layout)
            try apply(RowOperation(table: layout.table.id, row: conflict.row, verb: .insert, effects: effects))
        }
    }

    /// Writes what was lost to a row that is there again, or says no more than that it was read.
    private func writeLost(_ sibling: Conflict.Sibling, of conflict: Conflict, _ layout: TableLayout) throws {
        let merge = conflict.group.flatMap(layout.index).map { layout.groups[$0].merge }
        switch merge {
        case .register where !sibling.values.isEmpty:
            try update(conflict.table, conflict.row, sibling.values)
        case .set:
            for (column, element) in sibling.values {
                try add(element, to: column, of: conflict.row, in: conflict.table)
            }
        default:
            let state = try visibleState(of: conflict.row, in: layout)
            try apply(edit(conflict.row, in: layout, state: state, effects: []))
        }
    }

    /// What writes anew what orphans wrote to a dropped row, whose merge state has nothing of it.
    private func lostEffects(on row: RowID, in layout: TableLayout) throws -> [Effect] {
        guard let (state, _) = try context.rows.load(table: layout.table.id, row: row), state.isDropped else {
            return []
        }
        let lost = try context.lostState(of: row, in: layout.table.id, state)
        return try layout.groups.enumerated().compactMap { index, group -> Effect? in
            let key = GroupKey(group: group.id, family: MergeFamily(group.merge))
            guard let written = lost.groups[key], state.groups[key] == nil else { return nil }
            switch written {
            case .writes(let writes):
                guard let shown = try context.rows.shown(writes, by: layout.orders[index]) else { return nil }
                let content: Effect.Content =
                    key.family == .fact ? .fact(values: shown.payload) : .register(replaces: [], values: shown.payload)
                return Effect(group: group.id, content: content)
            case .set(let set):
                let elements = set.sortedByEncoding.map {
                    Effect.ElementOperation(element: $0.element, adds: true, saw: [])
                }
                return elements.isEmpty ? nil : Effect(group: group.id, content: .set(elements))
            case .counter(let counter):
                let base = try context.rows.shownBase(of: counter, by: layout.orders[index])?.name
                return Effect(group: group.id, content: .base(replaces: [], value: counter.value(over: base)))
            case .text(let text):
                return text.text.isEmpty
                    ? nil : Effect(group: group.id, content: .text(TextEffect(inserting: text.text)))
            }
        }.sorted { $0.group < $1.group }
    }

    /// Increments made since the conflict was read to the count that is chosen are in it.
    private func settleCount(_ conflict: Conflict, with sibling: Conflict.Sibling, _ layout: TableLayout) throws {
        let state = try visibleState(of: conflict.row, in: layout)
        guard let group = conflict.group, let index = layout.index(of: group),
            let base = try context.localIfHeld(sibling.provenance.dot), state.counter(group).bases[base] != nil
        else { throw StoreError(.invalidOperation, "The conflict was settled meanwhile; read it again.") }
        let counter = state.counter(group)
        var value = counter.value(over: base)
        if conflict.kind == .stranded, !sibling.isShown {
            value = Int64(clamping: Int128(value) + counter.stranded(by: base))
        }
        let seen = try conflict.siblings.compactMap { try context.localIfHeld($0.provenance.dot) }
        try setCounter(
            layout.groups[index], to: value, row: conflict.row, layout: layout, state: state, replacing: Set(seen))
    }

    private func settleRevival(_ conflict: Conflict, keepsRow: Bool, _ layout: TableLayout) throws {
        let state = try visibleState(of: conflict.row, in: layout)
        let seen = Set(conflict.siblings.map(\.provenance.dot))
        let saw = try globalNames(state.presence.names).filter(seen.contains)
        try apply(
            RowOperation(table: layout.table.id, row: conflict.row, verb: keepsRow ? .edit : .delete, saw: saw))
    }
}
