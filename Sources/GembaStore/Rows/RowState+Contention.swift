import GembaCRDT
import GembaWire

extension RowState where Payload == [Value] {
    /// Whether something about a row of a known table waits for a person; may be true of a row where nothing does, never
    /// the other way round.
    func isContested(in layout: TableLayout) -> Bool {
        isContested(in: layout) { key, index, values in
            !layout.fits(values, group: index, family: key.family)
        }
    }
}

extension RowMetadata {
    /// The same, told from metadata alone: a single write stands outside its columns where it does not fit.
    func isContested(in layout: TableLayout) -> Bool {
        state.isContested(in: layout) { key, _, _ in outside.contains(key) }
    }
}

extension RowState {
    fileprivate func isContested(
        in layout: TableLayout, isUnfit: (GroupKey, _ group: Int, Payload) -> Bool
    ) -> Bool {
        guard wasInserted else { return isOrphan }
        guard presence.isAlive else { return false }
        if isRevived || !drops.isEmpty { return true }
        return groups.contains { key, state in
            guard let index = layout.index(of: key.group), !layout.groups[index].isHidden else { return false }
            if key.family != MergeFamily(layout.groups[index].merge) { return true }
            switch state {
            case .set, .text: return false
            case .writes(let writes):
                return writes.writes.count > 1 || writes.writes.contains { isUnfit(key, index, $0.payload) }
            case .counter(let counter):
                return counter.bases.writes.count > 1
                    || counter.bases.names.contains { counter.stranded(by: $0) != 0 }
            }
        }
    }
}

extension Counter<LocalDot> {
    /// What a base does not include. Number 0 of a log stands for the initial zero.
    func stranded(by base: LocalDot) -> Int128 { stranded(by: base, isInitialZero: { $0.sequence == 0 }) }
}
