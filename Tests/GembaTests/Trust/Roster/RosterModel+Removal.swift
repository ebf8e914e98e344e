import GembaCausality
import GembaTrust
import GembaWire

/// P12 to P17, written down a second time.
extension RosterModel {
    struct Removed: Equatable {
        var kind: FormerMember.Kind
        var cut: [ReplicaID: ChangeReference]
        var removals: Set<ChangeReference>
    }

    private struct Removal {
        var statement: Statement
        var author: StationKey
        var rank: RosterRank
        var kind: FormerMember.Kind
        var cut: [ReplicaID: ChangeReference]
        var order: (Int, ChangeHash, Int)
        var entry: ChangeReference
    }

    mutating func removal(of station: StationKey) -> Removed? {
        let above = open(stated(of: station, byItself: false), of: station)
        let allowed = above.isEmpty ? nil : together(above, of: station)
        let own = stated(of: station, byItself: true).filter { removal in
            guard let allowed else { return true }
            let node = removal.statement.node
            return SequenceNumber(node.sequence) <= allowed[node.replica]?.sequence ?? 0
        }
        let all = above + open(own, of: station)
        guard !all.isEmpty else { return nil }
        let reasons = standing(all).sorted { left, right in
            left.kind == right.kind ? left.order < right.order : left.kind == .retired
        }
        return Removed(
            kind: reasons[reasons.count - 1].kind, cut: together(all, of: station), removals: Set(all.map(\.entry)))
    }

    private mutating func stated(of station: StationKey, byItself: Bool) -> [Removal] {
        var found: [Removal] = []
        for statement in statements {
            let kind: FormerMember.Kind
            let cut: [ChangeReference]
            switch statement.act {
            case .revoke(station, let named): (kind, cut) = (.revoked, named)
            case .retire(station, let named): (kind, cut) = (.retired, named)
            default: continue
            }
            guard let author = self.station(statement.node), let authority = authorities[author],
                let rank = authorities[station]?.rank, (author == station) == byItself,
                let log = logs[statement.node.replica],
                let hash = log.hash(at: SequenceNumber(statement.node.sequence))
            else { continue }
            if byItself {
                guard kind == .retired, let admission = authority.admission, past(statement.node).contains(admission)
                else { continue }
            } else {
                guard authority.rank < rank, counts(statement, right: .revoke, depths: 0...99) else { continue }
            }
            let entry = ChangeReference(
                replica: log.replica, sequence: SequenceNumber(statement.node.sequence), prefix: hash.prefix)
            found.append(
                Removal(
                    statement: statement, author: author, rank: authority.rank, kind: kind,
                    cut: ownCut(cut, of: station, at: statement.node),
                    order: (height(statement.node), hash, statement.position), entry: entry))
        }
        return found
    }

    /// Without those that a reinstatement ends.
    private mutating func open(_ removals: [Removal], of station: StationKey) -> [Removal] {
        var ended: Set<ChangeReference> = []
        for statement in statements {
            guard case .reinstate(station, let entries) = statement.act, let author = self.station(statement.node),
                let authority = authorities[author], let rank = authorities[station]?.rank, authority.rank < rank,
                counts(statement, right: .revoke, depths: 0...99)
            else { continue }
            let past = past(statement.node)
            let hasSeenAll = entries.allSatisfy { entry in
                logs[entry.replica]?.hash(at: entry.sequence)?.prefix == entry.prefix
                    && past.contains(Node(replica: entry.replica, sequence: Int(entry.sequence)))
            }
            let isBelow = stated(of: station, byItself: false).contains { removal in
                entries.contains(removal.entry) && removal.rank < authority.rank
            }
            if hasSeenAll, !isBelow { ended.formUnion(entries) }
        }
        return removals.filter { !ended.contains($0.entry) }
    }

    private mutating func ownCut(
        _ named: [ChangeReference], of station: StationKey, at node: Node
    ) -> [ReplicaID: ChangeReference] {
        var cut: [ReplicaID: ChangeReference] = [:]
        for reference in named {
            if let log = logs[reference.replica] {
                if log.station != station { continue }
                if let hash = log.hash(at: reference.sequence), hash.prefix != reference.prefix { continue }
            }
            cut[reference.replica] = reference
        }
        for seen in past(node) where seen.sequence > 0 && self.station(seen) == station {
            guard let hash = logs[seen.replica]?.hash(at: SequenceNumber(seen.sequence)) else { continue }
            let reference = ChangeReference(
                replica: seen.replica, sequence: SequenceNumber(seen.sequence), prefix: hash.prefix)
            cut[seen.replica] = larger(cut[seen.replica], reference)
        }
        return cut
    }

    // MARK: - Several

    private mutating func hasSeen(_ earlier: Removal, _ later: Removal) -> Bool {
        earlier.statement.node == later.statement.node
            ? earlier.statement.position < later.statement.position
            : past(later.statement.node).contains(earlier.statement.node)
    }

    private mutating func standing(_ removals: [Removal]) -> [Removal] {
        var standing: [Removal] = []
        for removal in removals {
            var isReplaced = false
            for other in removals where hasSeen(removal, other) && other.rank <= removal.rank { isReplaced = true }
            if !isReplaced { standing.append(removal) }
        }
        return standing
    }

    private mutating func together(_ removals: [Removal], of station: StationKey) -> [ReplicaID: ChangeReference] {
        var result: [ReplicaID: ChangeReference]?
        for removal in standing(removals) {
            var earlier: [Removal] = []
            for other in removals where removal.author == station || other.author != station {
                if hasSeen(other, removal) { earlier.append(other) }
            }
            var cut = removal.cut
            if !earlier.isEmpty { cut.merge(together(earlier, of: station)) { larger($0, $1) } }
            guard let before = result else {
                result = cut
                continue
            }
            result = before.compactMapValues { reference in cut[reference.replica].map { smaller($0, reference) } }
        }
        return result ?? [:]
    }

    private func larger(_ left: ChangeReference?, _ right: ChangeReference) -> ChangeReference {
        guard let left else { return right }
        return (left.sequence, left.prefix) < (right.sequence, right.prefix) ? right : left
    }

    private func smaller(_ left: ChangeReference, _ right: ChangeReference) -> ChangeReference {
        (left.sequence, left.prefix) < (right.sequence, right.prefix) ? left : right
    }
}
