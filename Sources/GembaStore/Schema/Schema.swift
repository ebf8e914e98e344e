public import GembaWire

/// What an application replicates: its tables, and the local tables derived from them.
///
/// ```swift
/// let shop = Schema(version: 1, tables: [
///     Table(1, "part", groups: [
///         .register(1, .text("name")),
///         .register(2, [.text("aisle"), .integer("shelf")]),
///         .set(3, "labels"),
///         .counter(4, "stock"),
///     ]),
/// ])
/// ```
public struct Schema: Sendable {
    /// Recorded in every change, for explanations; nothing depends on it.
    public var version: UInt64
    /// The replicated tables.
    public var tables: [Table]
    /// The local tables derived from them.
    public var derivations: [Derivation]
    /// The functions that rules of the tables name.
    public var ranks: [RankFunction]

    /// Creates a schema; it is checked when a replica is opened with it.
    public init(
        version: UInt64, tables: [Table], derivations: [Derivation] = [], ranks: [RankFunction] = []
    ) {
        self.version = version
        self.tables = tables
        self.derivations = derivations
        self.ranks = ranks
    }

    /// Replicates nothing of its own: stores and forwards whatever others declare.
    public static let none = Schema(version: 0, tables: [])
}

/// A replicated table. In SQLite it has a 16-byte `id` as its primary key, the columns of its groups, and the column
/// `gemba_meta`, which belongs to the library.
public struct Table: Hashable, Sendable {
    /// Stable for ever; the name is local.
    public let id: TableID
    /// The name in SQL.
    public let name: String
    /// What a row consists of.
    public let groups: [Group]
    /// Column lists of ordinary SQL indexes.
    public let indexes: [[String]]
    /// Columns of texts in which ``Replica/search(_:_:limit:)`` looks, the most telling first.
    public let searchable: [String]
    /// Whether the program no longer wants the table: see ``hidden(_:groups:)``.
    public let isHidden: Bool

    /// Creates a table.
    public init(
        _ id: TableID, _ name: String, groups: [Group], indexes: [[String]] = [], searchable: [String] = []
    ) {
        self.id = id
        self.name = name
        self.groups = groups
        self.indexes = indexes
        self.searchable = searchable
        isHidden = false
    }

    private init(hidden id: TableID, groups: [Group]) {
        self.id = id
        name = "gemba_hidden_\(id.rawValue)"
        self.groups = groups
        indexes = []
        searchable = []
        isHidden = true
    }

    /// A table that the program no longer wants: it loses its name, and what others write to it is kept as before.
    ///
    /// - Parameter groups: as they were.
    public static func hidden(_ id: TableID, groups: [Group]) -> Table { Table(hidden: id, groups: groups) }

    /// Whether rows are only ever inserted.
    public var holdsFacts: Bool { groups.allSatisfy { $0.merge == .fact } }
}
