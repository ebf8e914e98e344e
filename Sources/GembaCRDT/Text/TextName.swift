public import GembaCausality

/// The name of a change as the characters that it inserted carry it: a dot, or a database's short form of one.
///
/// Changes of one author are named by ascending sequence numbers, and arrive in that order.
public protocol TextName: Hashable, Sendable {
    /// Whoever numbers its own changes: a replica, or its number in a database.
    associatedtype Author: Hashable & Sendable

    /// The author of the change.
    var author: Author { get }
    /// The place of the change among those of its author.
    var sequence: UInt64 { get }

    /// Creates the name of a change.
    init(author: Author, sequence: UInt64)
}

extension Dot: TextName {
    /// The replica that made the change.
    @inlinable public var author: ReplicaID { replica }

    /// Creates a dot.
    @inlinable public init(author: ReplicaID, sequence: UInt64) { self.init(author, sequence) }
}

/// The identity of one character for ever, whether it is shown or deleted: the change that inserted it, and its place
/// among the characters of that change.
///
/// A character is a Unicode scalar. Grapheme clusters change when characters meet, and differ between versions of
/// Unicode, so they cannot be named.
public struct TextID<Name: TextName>: Hashable, Sendable {
    /// The change.
    public var name: Name
    /// How many characters the change inserted before this one.
    public var offset: UInt32

    /// Creates the id of a character.
    @inlinable public init(_ name: Name, _ offset: UInt32) {
        self.name = name
        self.offset = offset
    }
}
