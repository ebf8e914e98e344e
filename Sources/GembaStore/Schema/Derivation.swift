public import GRDB
public import GembaCausality

/// A local table that is a pure function of replicated ones, kept up in the transaction that changes them.
///
/// It is for lists that must be fast and whose answer needs a fold in code. It is not replicated: every replica computes
/// its own.
public struct Derivation: Sendable {
    /// The rows that a transaction changed, by table name.
    public typealias ChangedRows = [String: Set<RowID>]

    /// Names the derived table, stably.
    public let name: String
    /// Raised when `create` or `update` change their meaning: the derived table is then built anew.
    public let version: Int
    /// The names of the replicated tables it depends on.
    public let sources: [String]
    /// Drops what an older version left and creates the empty table.
    public let create: @Sendable (Database) throws -> Void
    /// Brings the table up to date with the rows given.
    public let update: @Sendable (RowReader, ChangedRows) throws -> Void

    /// Creates a derivation.
    public init(
        name: String, version: Int, sources: [String], create: @escaping @Sendable (Database) throws -> Void,
        update: @escaping @Sendable (RowReader, ChangedRows) throws -> Void
    ) {
        self.name = name
        self.version = version
        self.sources = sources
        self.create = create
        self.update = update
    }
}
