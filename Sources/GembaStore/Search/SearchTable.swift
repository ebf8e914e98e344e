import GRDB
import GembaWire

/// A table in which one can search, and the SQL for it: where its texts stand, and what the index keeps of them.
struct SearchTable: Sendable {
    let layout: TableLayout
    let columns: [String]
    /// The texts as they are indexed, by document number: FTS5 has to be told what it forgets.
    private let documents: String
    /// The FTS5 index of ``SearchGrams``. It keeps no texts.
    private let grams: String

    init(_ layout: TableLayout) {
        self.layout = layout
        columns = layout.table.searchable
        documents = "search_document_\(layout.table.id.rawValue)"
        grams = "search_grams_\(layout.table.id.rawValue)"
    }

    /// What is indexed, and from which columns.
    var declaration: String { "\(documents): \(columns.joined(separator: " "))" }

    private var fields: [String] { columns.indices.map { "text_\($0)" } }
    private var fieldList: String { fields.joined(separator: ", ") }
    private var marks: String { columns.map { _ in "?" }.joined(separator: ", ") }

    // MARK: - In the index

    func create(in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE \(documents) (
                    number INTEGER PRIMARY KEY, row BLOB NOT NULL UNIQUE, \(fields.map { "\($0) TEXT" }.joined(separator: ", "))
                ) STRICT;
                CREATE VIRTUAL TABLE \(grams) USING fts5 (\(fieldList), content = '', tokenize = 'ascii');
                """)
    }

    func forget(in database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS \(documents); DROP TABLE IF EXISTS \(grams)")
    }

    // Statements of several values take the number or row first, then the texts.

    var selectDocument: String { "SELECT number, \(fieldList) FROM \(documents) WHERE row = ?" }
    var insertDocument: String { "INSERT INTO \(documents) (row, \(fieldList)) VALUES (?, \(marks))" }
    var updateDocument: String {
        let assignments = fields.enumerated().map { "\($1) = ?\($0 + 2)" }
        return "UPDATE \(documents) SET \(assignments.joined(separator: ", ")) WHERE number = ?1"
    }
    var deleteDocument: String { "DELETE FROM \(documents) WHERE number = ?" }
    var insertGrams: String { "INSERT INTO \(grams) (rowid, \(fieldList)) VALUES (?, \(marks))" }
    var deleteGrams: String { "INSERT INTO \(grams) (\(grams), rowid, \(fieldList)) VALUES ('delete', ?, \(marks))" }

    /// The best rows for an expression, with their scores (the greater the better) and texts.
    var selectBest: String {
        """
        SELECT d.row, -bm25(\(grams), \(Self.weights(columns.count))) AS score, \(fields.map { "d.\($0)" }.joined(separator: ", "))
        FROM \(grams) g JOIN \(documents) d ON d.number = g.rowid
        WHERE \(grams) MATCH ? ORDER BY score DESC, d.row LIMIT ?
        """
    }

    /// All rows for an expression.
    var selectRows: String {
        "SELECT d.row FROM \(grams) g JOIN \(documents) d ON d.number = g.rowid WHERE \(grams) MATCH ?"
    }

    /// What is said in the first column, such as a title, says more of a row than the rest.
    private static func weights(_ count: Int) -> String {
        ([4] + Array(repeating: 1, count: count - 1)).map { "\($0).0" }.joined(separator: ", ")
    }

    // MARK: - In the replica

    private var sources: String { columns.map(SQL.quoted).joined(separator: ", ") }

    var selectTexts: String { "SELECT \(sources) FROM \(layout.quotedName) WHERE id = ?" }
    var selectTextsAfter: String {
        "SELECT id, \(sources) FROM \(layout.quotedName) WHERE id > ? ORDER BY id LIMIT ?"
    }
    var selectFirstTexts: String { "SELECT id, \(sources) FROM \(layout.quotedName) ORDER BY id LIMIT ?" }
}
