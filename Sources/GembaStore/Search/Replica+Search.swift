public import GembaCausality
import GembaWire

extension Replica {
    /// Whether the schema declares columns to be searchable.
    public var isSearchable: Bool { searchIndex != nil }

    /// The rows of a table in whose searchable columns a text is found, the best first.
    ///
    /// ```swift
    /// for hit in try replica.search("ticket", "drucker \"press 4\"") { print(hit.excerpts.map { $0.marked() }) }
    /// ```
    ///
    /// What is between spaces must all occur, in whichever column, and may be a part of a word; case, accents and width do not
    /// matter. See ``SearchQuery``. Ranked by BM25. Everything that this replica holds when the call begins is searched: what
    /// is not indexed yet, is first.
    ///
    /// - Throws: ``StoreError`` when nothing in the table is declared to be searchable.
    public func search(_ table: String, _ text: String, limit: Int = 50) throws -> [SearchHit] {
        try search(table) { index, table in
            let query = SearchQuery(text)
            return query.isEmpty ? [] : try index.hits(in: table, for: query, limit: limit)
        }
    }

    /// All rows of a table in which a query is found.
    public func rows(in table: String, matching query: SearchQuery) throws -> Set<RowID> {
        try search(table) { index, table in query.isEmpty ? [] : try index.rows(in: table, for: query) }
    }

    /// Adds to the search index what it lacks; without effect when nothing is searchable.
    public func updateSearchIndex() throws {
        guard let searchIndex else { return }
        try searchIndex.repairing { try bringUpToDate(searchIndex) }
    }

    /// Whether a search would have nothing to add to the search index.
    public var isSearchIndexUpToDate: Bool {
        get throws {
            guard let searchIndex else { return true }
            let end = try withReader { try $0.log.lastPlace() }
            return try searchIndex.progress().map { $0.scan == nil && $0.place == end } ?? false
        }
    }

    /// Keeps the search index up to date until the task is cancelled, so that searches have nothing to add.
    ///
    /// - Parameter onFailure: told when it cannot be kept for now, such as with a full disk; it is tried again.
    public func keepSearchIndex(onFailure: @escaping @Sendable (any Error) -> Void) async throws {
        guard let searchIndex else { return }
        while true {
            var pause = Self.searchPeriod
            do {
                let isUpToDate = try await searchIndex.inBackground { [self] in
                    try searchIndex.repairing { try goOn(searchIndex, to: withReader { try $0.log.lastPlace() }) }
                }
                if !isUpToDate { pause = .zero }
            } catch {
                onFailure(error)
                pause = Self.searchRetry
            }
            try await Task.sleep(for: pause)
        }
    }

    /// How often the log is looked at for what is to be indexed.
    private static let searchPeriod = Duration.milliseconds(100)
    private static let searchRetry = Duration.seconds(5)

    private func search<Result>(
        _ name: String, _ body: (SearchIndex, SearchTable) throws -> Result
    ) throws -> Result {
        guard let searchIndex, let table = searchIndex.table(named: name) else {
            throw StoreError(.unknownName, "No columns of table \(name) are declared to be searchable.")
        }
        return try searchIndex.repairing {
            try bringUpToDate(searchIndex)
            return try body(searchIndex, table)
        }
    }

    private func bringUpToDate(_ index: SearchIndex) throws {
        let end = try withReader { try $0.log.lastPlace() }
        while try !goOn(index, to: end) {}
    }

    /// Goes a step further.
    ///
    /// - Returns: whether everything up to a place is in the index.
    private func goOn(_ index: SearchIndex, to end: LogPlace) throws -> Bool {
        // A place beyond the end is no other history: another process may have written and indexed meanwhile.
        func isThere(_ progress: SearchProgress) -> Bool {
            progress.scan == nil && (progress.place == end || progress.place.position > end.position)
        }
        if let progress = try index.progress(), progress.scan == nil, progress.place == end { return true }
        return isThere(try index.step(reading: withReader))
    }
}
