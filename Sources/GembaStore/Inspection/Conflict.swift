public import GembaCausality
public import GembaWire

/// Something that people did apart and nobody has settled. Nothing is lost and nothing is wrong; one of the possibilities
/// is shown.
public struct Conflict: Hashable, Sendable {
    /// What was done apart.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A group was written apart, or a fact was stated twice.
        case siblings
        /// A counter was set apart: stock was taken twice.
        case counts
        /// A counter was set while others, unheard of, went on counting: the alternative includes what they counted. Its
        /// provenance is that of the setting.
        case stranded
        /// A row was deleted by somebody who did not know that somebody else was editing it; it is there.
        case revived
        /// A row was edited or deleted that is not there, because its insertion has no effect or because it was dropped; or was
        /// not there in between, and has nothing of the edit now.
        case orphan
        /// A value does not fit the column as this program declares it, so that the column shows its default.
        case unfit
    }

    /// One of the possibilities.
    public struct Sibling: Hashable, Sendable {
        /// What choosing it writes, in the order of the columns; empty where the row as a whole is meant.
        public var written: [Value]
        /// The same by column name, where there is one value for each column.
        public var values: [String: Value]
        /// Who wrote it, where and when.
        public var provenance: Provenance
        /// Whether readers are shown this one; of a revived row, whether it keeps the row.
        public var isShown: Bool
    }

    /// What was done apart.
    public var kind: Kind
    /// The name of the table.
    public var table: String
    /// The row.
    public var row: RowID
    /// The number of the group; nil where the row as a whole is meant.
    public var group: GroupID?
    /// The columns of the group; empty where the row as a whole is meant, or a group that this program does not know.
    public var columns: [String]
    /// The shown ones first, then by time. An orphan or a value that does not fit may stand alone.
    public var siblings: [Sibling]
}
