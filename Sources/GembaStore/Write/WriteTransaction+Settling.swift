import GembaCRDT
import GembaCausality
import GembaWire

extension WriteTransaction {
    /// Settles a conflict in favour of one of its siblings, which may be one that readers are not shown.
    ///
    /// What somebody did since the conflict was read stays beside it: whoever settles has not seen it. Of a revived row, a
    /// sibling that is shown keeps the row and one that is not deletes it; an orphan gets the row that it is missing, with
    /// all that was written to it.
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
        case .orphan:
            try apply(RowOperation(table: layout.table.id, row: conflict.row, verb: .insert))
        }
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
