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
    /// What is said about a change beyond this, by number, as encoded items. That of an unknown number has no effect.
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

/// Up to where a change that drops rows says that everything was stable.
public enum DropCut {
    /// The number of the extension that states it.
    public static let number: UInt64 = 1

    /// The extension with a cut: references sorted by replica, one for each.
    public static func encoded(_ references: [ChangeReference]) -> [UInt8] {
        precondition(references.count <= Limits.references, "a cut of \(references.count) references")
        var encoder = CBOREncoder()
        encoder.references(references)
        return encoder.bytes
    }

    /// The cut that an extension states, as a vector; empty where it states none.
    static func vector(_ extensions: [UInt64: [UInt8]]) -> VersionVector {
        guard let encoded = extensions[number] else { return VersionVector() }
        var decoder = CBORDecoder(encoded)
        guard let references = try? decoder.references(maximum: Limits.references), (try? decoder.finish()) != nil
        else {
            return VersionVector()
        }
        return references.reduce(into: VersionVector()) { $0.insert($1.dot) }
    }
}
