public import GembaCausality

/// The content of a data entry: one atomic transaction, who made it, when and why.
public struct ChangeBody: Hashable, Sendable {
    /// When the author's hybrid clock says it happened.
    public var timestamp: HybridTimestamp
    /// 1 + the greatest lamport number of the author's previous change and of all deps; a genesis has 0.
    public var lamport: UInt64
    /// The version of the author's schema, for explanations.
    public var schemaVersion: UInt64
    /// The person who acted, as the station claims.
    public var actor: String
    /// Why, in the person's words; may be empty.
    public var reason: String
    /// Sorted by table and row, at most one for each row.
    public var operations: [RowOperation]
    /// For every other replica that a dot in `operations` names: a reference at or beyond the greatest such dot, by
    /// which the dots' branch of history is fixed. Sorted by replica.
    public var references: [ChangeReference]
    /// What later versions say about a change beyond this, by number, as encoded items. It has no effect here.
    public var extensions: [UInt64: [UInt8]]

    /// Creates a body from its parts.
    public init(
        timestamp: HybridTimestamp, lamport: UInt64, schemaVersion: UInt64, actor: String, reason: String,
        operations: [RowOperation], references: [ChangeReference], extensions: [UInt64: [UInt8]] = [:]
    ) {
        self.timestamp = timestamp
        self.lamport = lamport
        self.schemaVersion = schemaVersion
        self.actor = actor
        self.reason = reason
        self.operations = operations
        self.references = references
        self.extensions = extensions
    }
}
