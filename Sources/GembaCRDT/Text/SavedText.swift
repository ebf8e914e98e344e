/// A text with its history, as it is stored: in parts that a caller may keep apart, compress and leave out.
///
/// The text stands by itself, so that a reader needs nothing else. The structure is made of columns of small numbers:
/// the runs of characters with their parents, the changes that made them, and the deletions. It compresses well together
/// with `deleted`, for which this module has no means of its own.
public struct SavedText<Name: TextName>: Sendable {
    /// The authors, in the order in which `structure` numbers them.
    public var authors: [Name.Author]
    /// Everything about the characters but their content.
    public var structure: [UInt8]
    /// The text.
    public var text: String
    /// The content of deleted characters in the order of their insertion; empty once it is forgotten.
    public var deleted: String

    /// Creates a saved text from stored parts.
    public init(authors: [Name.Author], structure: [UInt8], text: String, deleted: String) {
        self.authors = authors
        self.structure = structure
        self.text = text
        self.deleted = deleted
    }
}

/// Why stored parts are no text.
public enum SavedTextError: Error {
    case malformed
}

extension TextDocument {
    /// The text as it is stored.
    @inlinable public var saved: SavedText<Name> {
        SavedText(
            authors: authors.authors, structure: core.structure, text: core.text, deleted: core.deletedText)
    }

    /// Opens a stored text for editing. Linear in everything that was ever inserted, some ten nanoseconds each.
    @inlinable public init(_ saved: SavedText<Name>) throws(SavedTextError) {
        authors = AuthorTable(saved.authors)
        guard authors.authors.count == saved.authors.count else { throw .malformed }
        core = try TextCore(
            structure: saved.structure[...], authorCount: saved.authors.count, text: saved.text, deleted: saved.deleted)
    }
}
