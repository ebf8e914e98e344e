import GRDB
import GembaCausality
import GembaWire

/// One step of bringing the index up to date: a bounded number of rows, read in one snapshot of the replica and written in one
/// transaction of the index.
///
/// A row is indexed as it is in the snapshot, whichever change led there, so it does no harm to index it again.
struct SearchUpdate {
    /// The index, in a write transaction.
    let index: Database
    /// The replica, in a snapshot.
    let context: StoreContext
    let tables: [SearchTable]
    let declaration: String
    private var folding = ScalarFolding()

    /// Rows or entries of one step: some milliseconds, after which others may write to the index.
    private static let stride = 500

    init(index: Database, context: StoreContext, tables: [SearchTable], declaration: String) {
        self.index = index
        self.context = context
        self.tables = tables
        self.declaration = declaration
    }

    /// - Returns: how far the index is now.
    mutating func run() throws -> SearchProgress {
        var progress = try current()
        if progress.scan != nil { try scan(&progress) } else { try follow(&progress) }
        try progress.save(in: index, declaration: declaration)
        return progress
    }

    /// How far the index is, or the beginning when it is of other columns or of another history.
    private func current() throws -> SearchProgress {
        if let stored = try SearchProgress(index, declaration: declaration),
            try stored.place == context.log.place(at: stored.place.position)
        {
            return stored
        }
        for table in tables {
            try table.forget(in: index)
            try table.create(in: index)
        }
        return SearchProgress(scanningFrom: try context.log.lastPlace())
    }

    // MARK: - Reading everything

    private mutating func scan(_ progress: inout SearchProgress) throws {
        guard let scan = progress.scan, scan.table < tables.count else {
            progress.scan = nil
            return
        }
        let table = tables[scan.table]
        let database = context.connection.database
        let rows =
            if let row = scan.row {
                try Row.fetchAll(database, sql: table.selectTextsAfter, arguments: [row, Self.stride])
            } else {
                try Row.fetchAll(database, sql: table.selectFirstTexts, arguments: [Self.stride])
            }
        for row in rows { try put(texts(in: row, from: 1), of: row.decode(RowID.self, atIndex: 0), table) }
        progress.scan =
            if rows.count < Self.stride {
                scan.table + 1 < tables.count ? .init(table: scan.table + 1, row: nil) : nil
            } else {
                .init(table: scan.table, row: try rows.last?.decode(RowID.self, atIndex: 0))
            }
    }

    // MARK: - Following the log

    private mutating func follow(_ progress: inout SearchProgress) throws {
        var changed: [TableID: Set<RowID>] = [:]
        var count = 0
        try context.log.scanEntries(of: .data, after: progress.place.position) { stretch, segment, sequence in
            let author = try context.numbers.replica(stretch.replica, on: context.connection)
            let record = segment.record(sequence)
            progress.place = LogPlace(
                position: stretch.position(of: sequence),
                entry: ChangeReference(replica: author, sequence: sequence, prefix: record.prefix))
            count += 1
            // An entry without effect changed no row.
            if sequence > 0, !record.isQuarantined {
                let dot = LocalDot(replica: stretch.replica, sequence: sequence)
                let body = try context.body(of: segment.entry(sequence), at: dot)
                for operation in body.operations {
                    changed[operation.table, default: []].insert(operation.row)
                    count += 1
                }
            }
            return count < Self.stride
        }
        let database = context.connection.database
        for table in tables {
            let statement = try database.cachedStatement(sql: table.selectTexts)
            for row in (changed[table.layout.table.id] ?? []).sorted() {
                let found = try Row.fetchOne(statement, arguments: [row])
                try put(found.map { texts(in: $0, from: 0) }, of: row, table)
            }
        }
    }

    // MARK: - Documents

    private func texts(in row: Row, from first: Int) -> [String?] {
        (first..<row.count).map { String.fromDatabaseValue(row[$0]) }
    }

    /// Replaces what the index holds of a row; nil when the row is not there.
    private mutating func put(_ texts: [String?]?, of row: RowID, _ table: SearchTable) throws {
        let former = try Row.fetchOne(
            index.cachedStatement(sql: table.selectDocument), arguments: [row])
        let number: Int64? = former?[0]
        if let former, let number {
            let old = self.texts(in: former, from: 1)
            if old == texts { return }
            try run(table.deleteGrams, number, grams(of: old))
        }
        guard let texts, texts.contains(where: { $0?.isEmpty == false }) else {
            if let number { try run(table.deleteDocument, number, []) }
            return
        }
        if let number {
            try run(table.updateDocument, number, texts)
        } else {
            try run(table.insertDocument, row, texts)
        }
        try run(table.insertGrams, number ?? index.lastInsertedRowID, grams(of: texts))
    }

    private func run(_ sql: String, _ key: any DatabaseValueConvertible, _ texts: [String?]) throws {
        try index.cachedStatement(sql: sql).execute(arguments: [key] + StatementArguments(texts))
    }

    private mutating func grams(of texts: [String?]) -> [String?] {
        texts.map { text in text.map { SearchGrams.text(of: FoldedText($0, folding: &folding)) } }
    }
}
