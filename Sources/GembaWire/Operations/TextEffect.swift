public import GembaCausality

/// What an effect does to a text: characters that come, and characters that go, by their ids.
///
/// A character is a Unicode scalar. Its id is the dot of the change that inserted it and its offset among that change's
/// characters, in the order of the insertions. Characters of the same change are never named.
public struct TextEffect: Hashable, Sendable {
    /// One character for ever.
    public struct CharacterID: Hashable, Sendable {
        /// The change that inserted it.
        public var dot: Dot
        /// How many characters of the change come before it.
        public var offset: UInt32

        /// Creates an id from its parts.
        public init(dot: Dot, offset: UInt32) {
            self.dot = dot
            self.offset = offset
        }
    }

    /// The side of its parent on which an insertion hangs.
    public enum Side: UInt64, Hashable, Sendable {
        case left = 0
        case right = 1
    }

    /// Where the first character of an insertion hangs.
    public enum Parent: Hashable, Sendable {
        /// The beginning of the text.
        case beginning
        /// A side of a character.
        case character(CharacterID, Side)
    }

    /// Characters that follow one another, each the right child of the one before.
    public struct Insertion: Sendable {
        /// Where the first of them hangs.
        public var parent: Parent
        /// Not empty, without U+0000.
        public var text: String

        /// Creates an insertion from its parts.
        public init(parent: Parent, text: String) {
            self.parent = parent
            self.text = text
        }
    }

    /// Characters of one change, by consecutive offsets.
    public struct Deletion: Hashable, Sendable {
        /// The first of them.
        public var first: CharacterID
        /// At least 1; the last offset is at most 2^32 - 1.
        public var count: UInt32

        /// Creates a deletion from its parts.
        public init(first: CharacterID, count: UInt32) {
            self.first = first
            self.count = count
        }
    }

    /// In any order; it decides the offsets.
    public var insertions: [Insertion]
    /// Sorted by dot and offset, as few as can be.
    public var deletions: [Deletion]

    /// Creates an effect from its parts.
    public init(insertions: [Insertion], deletions: [Deletion]) {
        self.insertions = insertions
        self.deletions = deletions
    }

    /// Whether it does nothing; such an effect is not written.
    public var isEmpty: Bool { insertions.isEmpty && deletions.isEmpty }

    /// The characters that it names.
    public var namedCharacters: [CharacterID] {
        let parents = insertions.compactMap { insertion -> CharacterID? in
            if case .character(let id, _) = insertion.parent { id } else { nil }
        }
        return parents + deletions.map(\.first)
    }

    /// Deletions in normal form: sorted, and those that meet or overlap as one.
    public static func normalized(_ deletions: [Deletion]) -> [Deletion] {
        let sorted = deletions.sorted { ($0.first.dot, $0.first.offset) < ($1.first.dot, $1.first.offset) }
        var result: [Deletion] = []
        for deletion in sorted {
            if let last = result.last, last.first.dot == deletion.first.dot, last.end >= deletion.first.offset {
                let end = max(last.end, deletion.end)
                result[result.count - 1].count = UInt32(end - UInt64(last.first.offset))
            } else {
                result.append(deletion)
            }
        }
        return result
    }
}

extension TextEffect.Insertion: Hashable {
    /// Whether both insert the same scalars in the same place; see ``Value``.
    public static func == (left: Self, right: Self) -> Bool {
        left.parent == right.parent && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(parent)
        hasher.combine(Value.text(text))
    }
}

extension TextEffect.Deletion {
    /// The offset after the last character's.
    var end: UInt64 { UInt64(first.offset) + UInt64(count) }
}
