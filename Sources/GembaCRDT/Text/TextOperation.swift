/// What one change does to a text, told by the ids of characters, so that it means the same on every replica.
///
/// A character hangs as a child on another one, on its left or right side, as in the tree of Weidner and Kleppmann,
/// "The Art of the Fugue: Minimizing Interleaving in Collaborative Text Editing" (2023), section 4. An insertion names
/// the parent of its first character; each further character is the right child of the one before it.
///
/// Characters take their offsets in the order of the insertions. No part of an operation names a character of its own
/// change: what a change inserts and deletes again is nothing.
public struct TextOperation<Name: TextName>: Hashable, Sendable {
    /// The side of a parent on which a child stands.
    public enum Side: UInt8, Hashable, Sendable {
        case left = 0
        case right = 1
    }

    /// Characters that follow one another.
    public struct Insertion: Sendable {
        /// The character on which the first one hangs; nil is the beginning of the text.
        public var parent: TextID<Name>?
        /// On which side of the parent; always right at the beginning of the text.
        public var side: Side
        /// The characters. Not empty.
        public var text: String

        /// Creates an insertion.
        @inlinable public init(parent: TextID<Name>?, side: Side, text: String) {
            self.parent = parent
            self.side = side
            self.text = text
        }
    }

    /// Characters of one change that go, whether or not others deleted them as well.
    public struct Deletion: Hashable, Sendable {
        /// The first of them.
        public var first: TextID<Name>
        /// How many offsets, at least 1.
        public var count: UInt32

        /// Creates a deletion.
        @inlinable public init(first: TextID<Name>, count: UInt32) {
            self.first = first
            self.count = count
        }
    }

    /// In the order of the text.
    public var insertions: [Insertion]
    /// Those of a local edit are in the order of the text, as long as they can be.
    public var deletions: [Deletion]

    /// Creates an operation.
    @inlinable public init(insertions: [Insertion] = [], deletions: [Deletion] = []) {
        self.insertions = insertions
        self.deletions = deletions
    }

    /// Whether it does nothing.
    @inlinable public var isEmpty: Bool { insertions.isEmpty && deletions.isEmpty }
}

extension TextOperation.Insertion: Hashable {
    /// Whether both insert the same scalars in the same place. `String` itself also holds a precomposed letter equal to
    /// one with a combining accent.
    public static func == (left: Self, right: Self) -> Bool {
        left.parent == right.parent && left.side == right.side && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(parent)
        hasher.combine(side)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
