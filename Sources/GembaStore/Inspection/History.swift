import GembaCRDT
public import GembaCausality
import GembaTrust
public import GembaWire

/// What one change did to a row.
public struct RowEvent: Hashable, Sendable {
    /// What became of a write.
    public enum Fate: String, Hashable, Sendable {
        /// Readers see it.
        case shown
        /// Nobody has replaced it, and readers see another that was written apart from it; or an increment that a later
        /// stock-taking did not know.
        case kept
        /// A later change was made in knowledge of it.
        case replaced
    }

    /// What was written to one group of columns.
    public struct Write: Hashable, Sendable {
        /// What was done.
        public enum Act: Hashable, Sendable {
            /// The values of a register or a fact, in the order of the columns.
            case set([Value])
            /// An element was put into a set.
            case added(Value)
            /// An element was taken out of a set.
            case removed(Value)
            /// A counter was increased, or decreased by a negative number.
            case increased(Int64)
            /// A counter was set, as by taking stock.
            case counted(Int64)
            /// Characters were put into a text and taken out of it: passages, and how many others went.
            case edited(inserted: [String], removed: Int)
            /// Something that this version of the library does not know.
            case unknown
        }

        /// The names of the columns; empty when this program's schema has no such group.
        public var columns: [String]
        /// The number of the group.
        public var group: GroupID
        /// What was done.
        public var act: Act
        /// What became of it.
        public var fate: Fate
    }

    /// Who made the change, where, when and why.
    public var provenance: Provenance
    /// Whether the row was inserted, edited or deleted.
    public var verb: RowOperation.Verb
    /// Whether the deletion was a drop: it took the row's merge state from every replica.
    public var isDrop: Bool
    /// The writes to the row's groups, by group number; empty for a deletion.
    public var writes: [Write]
}

/// A point to look back at.
public enum PointInHistory: Hashable, Sendable {
    /// What the author of a change had before it when it was made, and the change itself.
    case change(Dot)
    /// Everything that is held and was made until a time, in milliseconds since 1970, by the authors' clocks.
    case time(UInt64)
}

extension Replica {
    /// Everything that was ever done to a row, in an order in which nothing stands before what it had seen.
    ///
    /// Reads the whole log, so that its cost grows with all changes held: about a second for a million.
    public func history(of row: RowID, in table: String) throws -> [RowEvent] {
        try withReader { context in
            let layout = try context.layout(named: table)
            var events: [RowEvent] = []
            try context.forEachOperation(on: row, of: layout.table.id) { operation, provenance, dot in
                events.append(
                    RowEvent(
                        provenance: provenance, verb: operation.verb, isDrop: operation.isDrop,
                        writes: try context.writes(of: operation, as: dot, layout: layout)))
            }
            return events.sorted {
                ($0.provenance.lamport, $0.provenance.dot) < ($1.provenance.lamport, $1.provenance.dot)
            }
        }
    }

    /// What a row looked like at some point of its history: its values by column name, or nil where readers did not see it.
    ///
    /// Reads the whole log, as ``history(of:in:)`` does.
    public func values(of row: RowID, in table: String, asOf point: PointInHistory) throws -> [String: Value]? {
        try withReader { context in
            let layout = try context.layout(named: table)
            let end = try context.localDot(of: point)
            var state = RowState<[Value]>()
            try context.forEachOperation(on: row, of: layout.table.id) { operation, provenance, dot in
                switch point {
                case .time(let milliseconds):
                    guard provenance.timestamp.milliseconds <= milliseconds else { return }
                case .change:
                    guard let end, try dot == end || context.history.hasSeen(dot, by: end) else { return }
                }
                _ = try state.apply(operation, as: dot, knowing: context.rows, payload: { $0 })
            }
            guard state.isVisible else { return nil }
            return try context.rows.shownValues(of: state, layout: layout)
        }
    }

    /// The rows of a table whose ids begin with the hexadecimal digits given, deleted ones included; two at most, which is
    /// enough to see that the beginning is ambiguous.
    public func rows(startingWith digits: String, in table: String) throws -> [RowID] {
        let digits = digits.replacing("-", with: "")
        let padded = { (digit: String) in
            RowID(hexadecimal: digits + String(repeating: digit, count: max(0, 32 - digits.utf8.count)))
        }
        guard !digits.isEmpty, let lowest = padded("0"), let highest = padded("f") else { return [] }
        return try withReader { context in
            let layout = try context.layout(named: table)
            let statement = try context.connection.statement(
                """
                SELECT id FROM \(layout.quotedName) WHERE id BETWEEN ?1 AND ?2
                UNION SELECT row FROM gemba_hidden WHERE tbl = ?3 AND row BETWEEN ?1 AND ?2 LIMIT 2
                """)
            var found: [RowID] = []
            try statement.bind(1, lowest).bind(2, highest).bind(3, Int64(layout.table.id.rawValue))
                .forEach { found.append(try $0.fixed(0)) }
            return found
        }
    }
}

extension StoreContext {
    /// The change of a point; nil for a time.
    fileprivate func localDot(of point: PointInHistory) throws -> LocalDot? {
        guard case .change(let dot) = point else { return nil }
        guard let local = try localIfHeld(dot), try log.holds(local) else {
            throw StoreError(.notFound, "The change \(dot) is not held here.")
        }
        return local
    }

    /// Calls `visit` with each operation on a row, in apply order.
    func forEachOperation(
        on row: RowID, of table: TableID, _ visit: (RowOperation, Provenance, LocalDot) throws -> Void
    ) throws {
        let needle = row.bytes
        try log.scanEntries(of: .data, after: 0) { stretch, segment, sequence in
            let record = segment.record(sequence)
            if sequence == 0 || record.isQuarantined { return true }
            let content = try log.content(of: sequence, in: segment)
            // Decoding costs far more than looking for sixteen bytes.
            guard content.contains(needle), let tip = try log.tip(number: stretch.replica) else { return true }
            let dot = LocalDot(replica: tip.number, sequence: sequence)
            let change = try body(decoding: content, at: dot)
            for operation in change.operations where operation.row == row && operation.table == table {
                let provenance = Provenance(
                    dot: try log.publicName(of: dot), timestamp: record.timestamp, lamport: record.lamport,
                    station: tip.station, actor: change.actor, reason: change.reason)
                try visit(operation, provenance, dot)
            }
            return true
        }
    }

    fileprivate func writes(
        of operation: RowOperation, as dot: LocalDot, layout: TableLayout
    ) throws -> [RowEvent.Write] {
        guard let (state, _) = try rows.load(table: operation.table, row: operation.row) else { return [] }
        let isKeptApart = try isApart(dot, from: state.drops)
        return try operation.effects.flatMap { effect in
            let index = layout.index(of: effect.group)
            let columns = index.map { layout.groups[$0].columns.map(\.name) } ?? []
            let order = index.map { layout.orders[$0] } ?? .latest
            return try acts(of: effect, as: dot, state: state, order: order).map { act, fate in
                RowEvent.Write(
                    columns: columns, group: effect.group, act: act, fate: isKeptApart ? .kept : fate)
            }
        }
    }

    private func acts(
        of effect: Effect, as dot: LocalDot, state: RowState<[Value]>, order: SiblingOrder
    ) throws -> [(RowEvent.Write.Act, RowEvent.Fate)] {
        switch effect.content {
        case .register(_, let values):
            let writes = state.writes(GroupKey(group: effect.group, family: .register))
            return [(.set(values), try fate(of: dot, shown: rows.shown(writes, by: order)?.name, in: writes))]
        case .fact(let values):
            let writes = state.writes(GroupKey(group: effect.group, family: .fact))
            return [(.set(values), try fate(of: dot, shown: rows.shown(writes, by: order)?.name, in: writes))]
        case .set(let elements):
            let set = state.set(effect.group)
            return elements.map { operation in
                let isThere = set.contains(operation.element)
                return operation.adds
                    ? (.added(operation.element), set.names(of: operation.element).contains(dot) ? .shown : .replaced)
                    : (.removed(operation.element), isThere ? .replaced : .shown)
            }
        case .base(_, let value):
            let counter = state.counter(effect.group)
            let shown = try rows.shownBase(of: counter, by: order)?.name
            return [(.counted(value), fate(of: dot, shown: shown, in: counter.bases))]
        case .increment(_, let delta):
            let counter = state.counter(effect.group)
            let shown = try rows.shownBase(of: counter, by: order)?.name
            return [(.increased(delta), try fate(ofIncrementBy: dot, over: shown))]
        case .text(let text):
            let removed = text.deletions.reduce(0) { $0 + Int($1.count) }
            let global = { (dot: LocalDot) in try self.numbers.global(dot, on: self.connection) }
            let document = try state.text(effect.group)?.document(global: global)
            let own = try global(dot)
            let isShown = document?.runs.contains { $0.first.name == own && $0.text != nil } ?? false
            return [
                (
                    .edited(inserted: text.insertions.map(\.text), removed: removed),
                    isShown || text.insertions.isEmpty ? .shown : .replaced
                )
            ]
        case .drop:
            return []
        case .unknown:
            return [(.unknown, .kept)]
        }
    }

    private func fate<Payload>(
        of dot: LocalDot, shown: LocalDot?, in writes: DotFunction<LocalDot, Payload>
    ) -> RowEvent.Fate {
        guard writes[dot] != nil else { return .replaced }
        return shown == dot ? .shown : .kept
    }

    /// An increment counts towards the base that it knew; one that the base's author had seen is in its count.
    private func fate(ofIncrementBy dot: LocalDot, over base: LocalDot?) throws -> RowEvent.Fate {
        guard let base else { return .shown }
        if try history.hasSeen(base, by: dot) || base == dot { return .shown }
        return try history.hasSeen(dot, by: base) ? .replaced : .kept
    }
}

extension [UInt8] {
    /// Whether the bytes of `needle` stand somewhere in a row.
    fileprivate func contains(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        return withUnsafeBufferPointer { bytes in
            var start = 0
            let end = bytes.count - needle.count
            while start <= end {
                if bytes[start] == first, bytes[start..<start + needle.count].elementsEqual(needle) { return true }
                start += 1
            }
            return false
        }
    }
}
