import Crypto
import GembaCRDT
package import GembaCausality
public import GembaWire

extension Replica {
    /// Hashes the merge state of all rows, deleted ones and those of unknown tables included.
    ///
    /// Shown values, names, defaults and what is deferred or folded do not enter it. Linear in the number of rows.
    public func digest() throws -> StateDigest {
        try withReader { try DigestBuilder(context: $0).digest() }
    }
}

extension Replica {
    /// The canonical encodings that the digest covers, row by row, to name the row in which two replicas differ.
    package func canonicalRows() throws -> [(table: TableID, row: RowID, encoding: [UInt8])] {
        try withReader { context in
            var rows: [(table: TableID, row: RowID, encoding: [UInt8])] = []
            let builder = DigestBuilder(context: context)
            try builder.forEachRow { table, row, state in
                rows.append((table, row, try builder.encoded(state, table: table, row: row)))
            }
            return rows
        }
    }
}

/// Encodes every row's merge state in canonical form and hashes it, in the order of tables and rows.
struct DigestBuilder {
    private let context: StoreContext
    static let tag = Array("gemba/digest/1".utf8)

    init(context: StoreContext) { self.context = context }

    func digest() throws -> StateDigest {
        var hash = SHA256()
        hash.update(data: Self.tag)
        try forEachRow { table, row, state in hash.update(data: try encoded(state, table: table, row: row)) }
        guard let digest = StateDigest(bytes: Array(hash.finalize())) else {
            preconditionFailure("a SHA-256 hash has 32 bytes")
        }
        return digest
    }

    /// Visits all rows, sorted by table and row id.
    func forEachRow(_ body: (TableID, RowID, RowState<[Value]>) throws -> Void) throws {
        for table in try tables() {
            let statement = try context.connection.statement(rowsSQL(of: table))
            var rows: [RowID] = []
            try statement.bind(1, Int64(table.rawValue)).forEach { rows.append(try $0.fixed(0)) }
            for row in rows {
                if let (state, _) = try context.rows.load(table: table, row: row) { try body(table, row, state) }
            }
        }
    }

    private func tables() throws -> [TableID] {
        var tables = Set(context.environment.layouts.keys)
        try context.connection.statement("SELECT DISTINCT tbl FROM gemba_hidden")
            .forEach { tables.insert(TableID(rawValue: UInt32(truncatingIfNeeded: $0.int(0)))) }
        return tables.sorted()
    }

    private func rowsSQL(of table: TableID) -> String {
        let hidden = "SELECT row AS id FROM gemba_hidden WHERE tbl = ?"
        guard let layout = context.environment.layouts[table] else { return hidden + " ORDER BY id" }
        return "SELECT id FROM \(layout.quotedName) UNION ALL \(hidden) ORDER BY id"
    }

    // MARK: - Canonical form

    func encoded(_ state: RowState<[Value]>, table: TableID, row: RowID) throws -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: 4)
        encoder.unsigned(UInt64(table.rawValue))
        encoder.fixed(row)
        let presence = try globalWrites(state.presence)
        encoder.array(count: presence.count)
        for (dot, mark) in presence {
            encoder.array(count: 3)
            encode(dot, into: &encoder)
            encoder.unsigned(UInt64(mark.rawValue))
        }
        encoder.array(count: state.groups.count)
        for (key, group) in state.groups.sorted(by: { $0.key < $1.key }) {
            encoder.array(count: 3)
            encoder.unsigned(UInt64(key.group.rawValue))
            encoder.unsigned(UInt64(key.family.rawValue))
            try encode(group, into: &encoder)
        }
        return encoder.bytes
    }

    private func encode(_ group: GroupState<[Value]>, into encoder: inout CBOREncoder) throws {
        switch group {
        case .writes(let writes):
            encoder.array(count: writes.writes.count)
            for (dot, values) in try globalWrites(writes) {
                encoder.array(count: 2 + values.count)
                encode(dot, into: &encoder)
                for value in values { value.encode(into: &encoder) }
            }
        case .set(let set):
            encoder.array(count: set.elements.count)
            for (bytes, element) in set.sortedByEncoding {
                encoder.array(count: 2)
                encoder.raw(bytes)
                try encode(try set.names(of: element).map(global).sorted(), into: &encoder)
            }
        case .counter(let counter): try encode(counter, into: &encoder)
        case .text(let text): try encode(text.document(global: context.rows.global), into: &encoder)
        }
    }

    /// The characters that ever were, by their ids, and the content of those that are shown.
    private func encode(_ text: TextDocument<Dot>, into encoder: inout CBOREncoder) throws {
        let runs = text.runs
        encoder.array(count: runs.count)
        for run in runs {
            encoder.array(count: 4)
            encode(try global(context.rows.local(run.first.name)), into: &encoder)
            encoder.unsigned(UInt64(run.first.offset))
            if let text = run.text { encoder.text(text) } else { encoder.unsigned(UInt64(run.count)) }
        }
    }

    private func encode(_ counter: Counter<LocalDot>, into encoder: inout CBOREncoder) throws {
        encoder.array(count: 3)
        encoder.array(count: counter.bases.writes.count)
        for (dot, base) in try globalWrites(counter.bases) {
            encoder.array(count: 4)
            encode(dot, into: &encoder)
            encoder.signed(base.value)
            let observed = try base.observed.map { (dot: try global($0.name), sum: $0.sum) }.sorted { $0.dot < $1.dot }
            encoder.array(count: observed.count)
            for (dot, sum) in observed {
                encoder.array(count: 3)
                encode(dot, into: &encoder)
                encoder.signed(sum)
            }
        }
        let sums = try counter.sums.map { (dot: try global($0.key), sum: $0.value) }.sorted { $0.dot < $1.dot }
        encoder.array(count: sums.count)
        for (dot, sum) in sums {
            encoder.array(count: 3)
            encode(dot, into: &encoder)
            encode(sum, into: &encoder)
        }
        encode(counter.initialSum, into: &encoder)
    }

    /// A sum modulo 2^128, as 16 bytes.
    private func encode(_ sum: Int128, into encoder: inout CBOREncoder) {
        withUnsafeBytes(of: sum.bigEndian) { encoder.byteString(Array($0)) }
    }

    private func encode(_ dots: [Dot], into encoder: inout CBOREncoder) throws {
        encoder.array(count: dots.count)
        for dot in dots {
            encoder.array(count: 2)
            encode(dot, into: &encoder)
        }
    }

    private func encode(_ dot: Dot, into encoder: inout CBOREncoder) {
        encoder.fixed(dot.replica)
        encoder.unsigned(dot.sequence)
    }

    private func global(_ dot: LocalDot) throws -> Dot {
        if context.environment.sources.calibration.contains(.namesByArrival) { return try context.rows.global(dot) }
        return try context.log.publicName(of: dot)
    }

    private func globalWrites<Payload>(
        _ function: DotFunction<LocalDot, Payload>
    ) throws -> [(dot: Dot, payload: Payload)] {
        try function.writes.map { (dot: try global($0.name), payload: $0.payload) }.sorted { $0.dot < $1.dot }
    }
}
