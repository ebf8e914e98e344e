public import GembaCausality
public import GembaStore

/// One of the programs that share these commands: what it replicates, and what its rows are called.
public protocol Program: Sendable {
    /// The name by which it is started, for messages.
    static var name: String { get }

    /// The tables that it knows. A relay knows none, and stores and forwards those of others all the same.
    static var schema: Schema { get }

    /// What people call a row, or nil when it has no name.
    static func name(of row: RowID, in table: String, of replica: Replica) -> String?
}

extension Program {
    /// No row has a name.
    public static func name(of row: RowID, in table: String, of replica: Replica) -> String? { nil }

    /// Opens the replica of a data folder.
    public static func open(_ options: DataOptions) throws -> Replica {
        try Replica.open(in: try options.folder(), schema: schema)
    }
}
