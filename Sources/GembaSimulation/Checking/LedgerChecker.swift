import GRDB
import GembaCausality
import GembaStore
import GembaWire

/// Accounts for every acknowledged write on a replica that holds everything: it is shown, or a named later write took
/// its place, or it is listed as a conflict, or its row was deleted by somebody who had seen it (G7).
struct LedgerChecker {
    let replica: Replica
    let history: History
    let ledger: Ledger
    private let vector: VersionVector
    private let naming: Naming
    private let conflicts: [Conflict]
    private let floors: VersionVector
    /// The drops of each row.
    private var drops: [Place: [Dot]] = [:]
    /// The changes that name a dot in each place, as replaced or taken back.
    private let names: [Name: [Dot]]

    private struct Name: Hashable {
        var place: Place
        var dot: Dot
    }

    private enum Place: Hashable {
        case presence(TableID, RowID)
        case register(TableID, RowID, GroupID)
        case element(TableID, RowID, GroupID, Value)
    }

    /// - Parameter administrator: the station that may drop rows.
    /// - Parameter vector: what the replica holds.
    init(
        replica: Replica, history: History, ledger: Ledger, administrator: StationKey?, vector: VersionVector
    ) throws {
        self.replica = replica
        self.history = history
        self.ledger = ledger
        self.vector = vector
        naming = Naming(of: vector, in: history)
        conflicts = try replica.conflicts()
        floors = try replica.snapshot(of: .data).floors
        var names: [Name: [Dot]] = [:]
        for change in history.changes.values where vector.contains(change.dot) {
            for operation in change.body?.operations ?? [] {
                if change.station == administrator, operation.effects.contains(where: { $0.content == .drop }) {
                    drops[.presence(operation.table, operation.row), default: []].append(change.dot)
                }
                for (place, dots) in Self.named(by: operation) {
                    for dot in dots { names[Name(place: place, dot: dot), default: []].append(change.dot) }
                }
            }
        }
        self.names = names
    }

    private static func named(by operation: RowOperation) -> [(Place, [Dot])] {
        let (table, row) = (operation.table, operation.row)
        return [(.presence(table, row), operation.saw)]
            + operation.effects.flatMap { effect -> [(Place, [Dot])] in
                switch effect.content {
                case .register(let replaces, _): [(.register(table, row, effect.group), replaces)]
                case .set(let elements):
                    elements.map { (.element(table, row, effect.group, $0.element), $0.saw) }
                default: []
                }
            }
    }

    func check() throws {
        var sums: [RowID: Int64] = [:]
        for receipt in ledger.sorted {
            guard vector.contains(receipt.dot) else {
                throw Violation(.ledger, "the acknowledged change \(receipt.dot) is in no log")
            }
            for (place, mark) in receipt.marks {
                if case .tally(let row) = place, case .amount(let amount) = mark {
                    sums[row, default: 0] += amount
                } else if try !isAccountedFor(place, mark, of: receipt.dot) {
                    throw Violation(.ledger, "\(mark) of change \(receipt.dot) is nowhere, in \(place)")
                }
            }
        }
        for (row, sum) in sums {
            let shown = try replica.read {
                try Int64.fetchOne($0, sql: "SELECT total FROM tally WHERE id = ?", arguments: [row])
            }
            guard shown == sum else {
                throw Violation(.ledger, "a tally shows \(shown.map(String.init) ?? "nothing") and \(sum) was counted")
            }
        }
    }

    private func isAccountedFor(_ place: Ledger.Place, _ mark: Ledger.Mark, of dot: Dot) throws -> Bool {
        guard let table = replica.schema.tables.first(where: { $0.name == place.table }) else { return true }
        let row = try replica.read {
            try Row.fetchOne($0, sql: "SELECT * FROM \(place.table) WHERE id = ?", arguments: [place.row])
        }
        if try replica.readRows({ try $0.provenance(of: place.row, in: place.table) }) == nil { return false }
        switch (place, mark) {
        case (.fact, .values(let values)):
            return row.map { shows(values, $0) } ?? false
        case (.register(_, let id, let group), .values(let values)):
            if isNamedLater(.register(table.id, id, group), dot) { return true }
            if let isFound = isFoundDespiteDrops(table.id, id, dot, isListed(values, table.name, id, dot)) {
                return isFound
            }
            guard let row else { return isNamedLater(.presence(table.id, id), dot) }
            return shows(values, row) || isListed(values, table.name, id, dot)
        case (.element(_, let id, let group, let element), .present):
            if isNamedLater(.element(table.id, id, group, element), dot) { return true }
            if let isFound = isFoundDespiteDrops(table.id, id, dot, isListed(element, table.name, id, dot)) {
                return isFound
            }
            guard let row else { return isNamedLater(.presence(table.id, id), dot) }
            return contains(element, row, table, group)
        default:
            return false
        }
    }

    /// Whether a change that had seen the dot names it there.
    private func isNamedLater(_ place: Place, _ dot: Dot) -> Bool {
        (names[Name(place: place, dot: dot)] ?? []).contains { history.hasSeen(dot, by: $0) }
    }

    /// Of a write to a row that was dropped: whether the row was deleted in knowledge of it before, or it is listed as an orphan
    /// (unless its body is folded here) or was replaced since. Nil when no drop has to do with it.
    private func isFoundDespiteDrops(_ table: TableID, _ row: RowID, _ dot: Dot, _ isListed: Bool) -> Bool? {
        let presence = Place.presence(table, row)
        guard let drops = drops[presence] else { return nil }
        if drops.contains(where: { history.hasSeen(dot, by: $0) }) { return isNamedLater(presence, dot) }
        if drops.allSatisfy({ history.hasSeen($0, by: dot) }) { return nil }
        return isListed || isNamedLater(presence, dot) || floors.contains(dot)
    }

    private func isListed(_ element: Value, _ table: String, _ row: RowID, _ dot: Dot) -> Bool {
        conflicts.contains { conflict in
            conflict.table == table && conflict.row == row && conflict.kind == .orphan
                && conflict.siblings.contains { $0.provenance.dot == naming(dot) && $0.written == [element] }
        }
    }

    private func shows(_ values: [String: Value], _ row: Row) -> Bool {
        values.allSatisfy { Value.fromDatabaseValue(row[$0.key]) == $0.value }
    }

    private func isListed(_ values: [String: Value], _ table: String, _ row: RowID, _ dot: Dot) -> Bool {
        conflicts.contains { conflict in
            conflict.table == table && conflict.row == row
                && conflict.siblings.contains { sibling in
                    sibling.provenance.dot == naming(dot) && values.allSatisfy { sibling.values[$0.key] == $0.value }
                }
        }
    }

    private func contains(_ element: Value, _ row: Row, _ table: GembaStore.Table, _ group: GroupID) -> Bool {
        guard let column = table.groups.first(where: { $0.id == group })?.columns.first?.name else { return false }
        let shown: String? = row[column]
        let text =
            switch element {
            case .text(let text): "\"\(text)\""
            case .integer(let number): "\(number)"
            default: ""
            }
        return shown.map { $0.dropFirst().dropLast().split(separator: ",").contains { $0 == text } } ?? false
    }
}
