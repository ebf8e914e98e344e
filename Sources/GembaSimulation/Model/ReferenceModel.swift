import GembaCausality
import GembaStore
import GembaWire

/// What a replica that holds certain changes has to show, computed from the rules alone.
struct ReferenceModel {
    struct Key: Hashable, Comparable {
        var table: TableID
        var row: RowID

        static func < (left: Self, right: Self) -> Bool { (left.table, left.row) < (right.table, right.row) }
    }

    let rows: [Key: ReferenceRow]
    /// When each change was made, by its author's clock.
    private let timestamps: [Dot: HybridTimestamp]
    private let order: Order

    /// What decides between changes that were made apart (K7).
    struct Order {
        private var keys: [Dot: (author: ReplicaID, prefix: HashPrefix)] = [:]

        init(_ changes: [History.Change]) {
            for change in changes { keys[change.dot] = (change.author, change.hash.prefix) }
        }

        /// The replica id of a change's header.
        func author(of dot: Dot) -> ReplicaID { keys[dot]?.author ?? dot.replica }

        func prefix(of dot: Dot) -> HashPrefix { keys[dot]?.prefix ?? HashPrefix(rawValue: 0) }

        func ascend(_ left: Dot, _ right: Dot) -> Bool {
            (author(of: left), left.sequence, prefix(of: left)) < (author(of: right), right.sequence, prefix(of: right))
        }
    }

    /// - Parameter administrator: the station that may drop rows.
    init(_ changes: [History.Change], administrator: StationKey?) {
        let order = Order(changes)
        var operations: [Key: [ReferenceRow.Line]] = [:]
        var timestamps: [Dot: HybridTimestamp] = [:]
        for change in changes {
            guard let body = change.body else { continue }
            timestamps[change.dot] = body.timestamp
            for operation in body.operations {
                let line = ReferenceRow.Line(
                    dot: change.dot, operation: operation, past: change.past,
                    isAdministrators: change.station == administrator)
                operations[Key(table: operation.table, row: operation.row), default: []].append(line)
            }
        }
        rows = operations.mapValues { ReferenceRow($0, order: order) }
        self.timestamps = timestamps
        self.order = order
    }

    /// M12 under the rule of a group.
    private func shown(_ writes: [ReferenceRow.Write<[Value]>], of group: Group) -> ReferenceRow.Write<[Value]>? {
        if group.rule == .first { return writes.min { rank($0.dot) < rank($1.dot) } }
        guard group.rule == .greatest(in: Schema.urgencies, of: "urgency") else { return shown(writes) }
        let urgency = { (write: ReferenceRow.Write<[Value]>) in
            write.content.dropFirst().first.flatMap { Schema.urgencies.firstIndex(of: $0) } ?? -1
        }
        let greatest = writes.map(urgency).max()
        return shown(writes.filter { urgency($0) == greatest })
    }

    /// M12: the greatest (timestamp, replica) among the siblings; of one replica's the later.
    func shown<Content>(_ writes: [ReferenceRow.Write<Content>]) -> ReferenceRow.Write<Content>? {
        writes.max { rank($0.dot) < rank($1.dot) }
    }

    private func rank(_ dot: Dot) -> (HybridTimestamp, ReplicaID, SequenceNumber, HashPrefix) {
        (timestamps[dot] ?? HybridTimestamp(rawValue: 0), order.author(of: dot), dot.sequence, order.prefix(of: dot))
    }

    // MARK: - Projection

    /// The rows of a table as SQL shows them: the id and the columns in the order of the groups' numbers.
    func projection(of table: GembaStore.Table) -> [[Value]] {
        rows.filter { $0.key.table == table.id && $0.value.isVisible }.sorted { $0.key < $1.key }.map { key, row in
            let groups = table.groups.sorted { $0.id < $1.id }
            return [.blob(key.row.bytes)] + groups.flatMap { shownValues(of: $0, in: row) }
        }
    }

    private func shownValues(of group: Group, in row: ReferenceRow) -> [Value] {
        switch group.merge {
        case .register, .fact:
            let writes = (group.merge == .fact ? row.facts : row.registers)[group.id] ?? []
            guard let write = shown(writes, of: group), group.fits(write.content) else {
                return group.columns.map(\.defaultValue)
            }
            return write.content
        case .text: return [.text(row.texts[group.id]?.shown ?? "")]
        case .set:
            let elements = (row.sets[group.id] ?? [:]).keys.map { (encoded: $0.encoded(), value: $0) }
                .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
            return [.text("[" + elements.map { $0.value.plainJSON }.joined(separator: ",") + "]")]
        case .counter:
            let counter = row.counters[group.id] ?? ReferenceRow.Counter()
            guard let base = shown(counter.bases) else { return [.integer(Int64(clamping: counter.initialSum))] }
            return [.integer(Int64(clamping: Int128(base.content.value) &+ (counter.sums[base.dot] ?? 0)))]
        }
    }

    /// Rows to which somebody wrote what they do not hold, with the changes that may have.
    func orphans(in schema: Schema) -> [Key: Set<Dot>] {
        let known = Set(schema.tables.map(\.id))
        return rows.filter { known.contains($0.key.table) && $0.value.hasOrphans }.mapValues(\.left)
    }

    /// What of visible rows was done apart, with the dots behind it.
    func conflicts(in schema: Schema) -> Set<ConflictKey> {
        var found: Set<ConflictKey> = []
        for table in schema.tables {
            for (key, row) in rows where key.table == table.id && row.isVisible {
                func add(_ kind: Conflict.Kind, _ columns: [Column], _ dots: [Dot]) {
                    found.insert(
                        ConflictKey(
                            kind: kind, table: table.name, row: key.row, columns: columns.map(\.name), dots: dots))
                }
                if row.isRevived { add(.revived, [], row.presence.map(\.dot)) }
                for group in table.groups {
                    let writes = (group.merge == .fact ? row.facts : row.registers)[group.id] ?? []
                    if Set(writes.map(\.content)).count > 1 { add(.siblings, group.columns, writes.map(\.dot)) }
                    guard let counter = row.counters[group.id], let base = shown(counter.bases) else { continue }
                    if Set(counter.bases.map(counter.total)).count > 1 {
                        add(.counts, group.columns, counter.bases.map(\.dot))
                    }
                    if counter.stranded(by: base) != 0 { add(.stranded, group.columns, [base.dot, base.dot]) }
                }
            }
        }
        return found
    }
}

/// A conflict by where it is and which writes stand in it.
struct ConflictKey: Hashable {
    var kind: Conflict.Kind
    var table: String
    var row: RowID
    var columns: [String]
    /// Sorted.
    var dots: [Dot]
}

extension ReferenceRow.Counter {
    fileprivate func total(over base: ReferenceRow.Write<Base>) -> Int64 {
        Int64(clamping: Int128(base.content.value) &+ (sums[base.dot] ?? 0))
    }

    /// M9: the increments to what a base replaced, beyond those that its author held.
    fileprivate func stranded(by base: ReferenceRow.Write<Base>) -> Int128 {
        let observed = base.content.observed
        if observed.isEmpty { return initialSum }
        return observed.reduce(0) { total, replaced in
            let held = replaced.dot.sequence == 0 ? initialSum : sums[replaced.dot] ?? 0
            return total + held - Int128(replaced.sum)
        }
    }
}

extension Group {
    fileprivate func fits(_ values: [Value]) -> Bool {
        values.count == columns.count && zip(columns, values).allSatisfy { $0.accepts($1) }
    }
}

extension Value {
    /// JSON for the elements that a simulation puts into sets: integers, and texts that need no escaping.
    fileprivate var plainJSON: String {
        switch self {
        case .integer(let number): "\(number)"
        case .text(let text): "\"\(text)\""
        case .null, .real, .blob: preconditionFailure("a simulation puts only integers and texts into sets")
        }
    }
}
