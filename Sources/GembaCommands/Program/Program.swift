public import GembaCausality
public import GembaStore

/// One of the programs that share these commands: what it replicates, and what its rows are called.
public protocol Program: Sendable {
    /// The name by which it is started, for messages.
    static var name: String { get }

    /// The tables that it knows. A relay knows none, and stores and forwards those of others all the same.
    static var schema: Schema { get }

    /// The row that people call so, or nil when none of a table has such a name.
    static func row(named name: String, in table: String, of replica: Replica) throws -> RowID?

    /// What people call a row, or nil when it has no name.
    static func name(of row: RowID, in table: String, of replica: Replica) -> String?
}

extension Program {
    /// No row has a name.
    public static func name(of row: RowID, in table: String, of replica: Replica) -> String? { nil }

    /// No row has a name.
    public static func row(named name: String, in table: String, of replica: Replica) throws -> RowID? { nil }

    /// The row of a name, or of an id in hexadecimal that may be cut short.
    ///
    /// - Throws: ``CommandFailure`` when there is none or more than one, or no such table.
    static func row(_ text: String, in table: String, of replica: Replica) throws -> RowID {
        guard replica.schema.tables.contains(where: { $0.name == table }) else {
            let known = replica.schema.tables.map(\.name).sorted().joined(separator: ", ")
            throw CommandFailure(.notFound, "There is no table \(table). There are: \(known).")
        }
        if let row = try row(named: text, in: table, of: replica) { return row }
        let rows = try replica.rows(startingWith: text.lowercased(), in: table)
        guard let row = rows.first else {
            throw CommandFailure(
                .notFound, "Table \(table) has no row \(text). Give its number, or its id or the beginning of it.")
        }
        guard rows.count == 1 else {
            throw CommandFailure(
                .notFound, "More than one row of table \(table) begins with \(text). Give more digits.")
        }
        return row
    }

    /// Opens the replica of a data folder.
    public static func open(_ options: DataOptions) throws -> Replica {
        try Replica.open(in: try options.folder(), schema: schema, sources: options.sources())
    }
}
