import Dispatch
import GRDB
import GembaCausality

/// Finds texts in the rows of a replica.
///
/// The index is a database of its own beside the replica's, so that a commit waits for it in no way. It is derived: it can be
/// removed at any time, and is then made anew. What it lacks is known exactly (``SearchProgress``), and a search first adds
/// that, so nothing is missed; a node keeps the rest small. Several processes may do either at once.
final class SearchIndex: Sendable {
    private let file: DerivedFile
    private let tables: [SearchTable]
    private let declaration: String
    private let queue = DispatchQueue(label: "gemba.search", qos: .utility)

    /// Raised when the same columns are indexed in another way.
    private static let version = 1

    /// - Returns: nil when the schema declares nothing to be searchable; nothing is opened or made then.
    init?(path: String, environment: StoreEnvironment) {
        tables = environment.schema.tables.compactMap { table in
            table.searchable.isEmpty ? nil : environment.layouts[table.id].map(SearchTable.init)
        }
        if tables.isEmpty { return nil }
        file = DerivedFile(path: path, label: "gemba.search") { database in
            if try !database.tableExists("search_progress") { try database.execute(sql: SearchProgress.table) }
        }
        declaration = (["version \(Self.version)"] + tables.map(\.declaration)).joined(separator: "\n")
    }

    func table(named name: String) -> SearchTable? { tables.first { $0.layout.table.name == name } }

    // MARK: - Bringing it up to date

    /// How far it is; nil before the first step.
    func progress() throws -> SearchProgress? {
        try file.read { try SearchProgress($0, declaration: declaration) }
    }

    /// Has it made anew: rows are not as the log of changes would have left them.
    func restart() throws { try file.write { try $0.execute(sql: "DELETE FROM search_progress") } }

    /// Goes a step further.
    ///
    /// - Parameter read: gives a snapshot of the replica.
    /// - Returns: how far it is now.
    func step(
        reading read: ((StoreContext) throws -> SearchProgress) throws -> SearchProgress
    ) throws -> SearchProgress {
        try file.write { index in
            try read { context in
                var update = SearchUpdate(
                    index: index, context: context, tables: tables, declaration: declaration)
                return try update.run()
            }
        }
    }

    /// Runs `body` on a queue that may wait for the disk.
    func inBackground<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: .init(catching: body)) }
        }
    }

    // MARK: - Finding

    /// The rows that fit best.
    func hits(in table: SearchTable, for query: SearchQuery, limit: Int) throws -> [SearchHit] {
        try file.read { database in
            try Row.fetchAll(database, sql: table.selectBest, arguments: [query.expression, limit]).map { row in
                SearchHit(
                    row: try row.decode(RowID.self, atIndex: 0), score: row[1],
                    excerpts: table.columns.enumerated().compactMap { index, column in
                        (row[index + 2] as String?).flatMap { .init($0, of: column, for: query) }
                    })
            }
        }
    }

    /// All rows in which something is found.
    func rows(in table: SearchTable, for query: SearchQuery) throws -> Set<RowID> {
        try file.read { try RowID.fetchSet($0, sql: table.selectRows, arguments: [query.expression]) }
    }

    // MARK: - The file

    /// Runs `body`, and once more with an empty index when the file turns out to be damaged.
    func repairing<Result>(_ body: () throws -> Result) throws -> Result { try file.repairing(body) }
}
