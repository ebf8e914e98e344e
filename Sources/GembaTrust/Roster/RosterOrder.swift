public import GembaWire

/// The order in which acts of one author, or acts that claim the same, are taken: the greatest is the latest.
///
/// It extends causality, because an entry's height is greater than that of all it has seen; between entries that were made
/// apart the hash decides, which nobody can choose freely.
public struct RosterOrder: Hashable, Comparable, Sendable {
    /// The length of the longest chain of entries that ends at the act's entry.
    public let height: Int
    /// The hash of the entry.
    public let entry: ChangeHash
    /// The act's place in the entry.
    public let index: Int

    /// Whether the left is earlier than the right.
    public static func < (left: Self, right: Self) -> Bool {
        (left.height, left.entry, left.index) < (right.height, right.entry, right.index)
    }
}

/// Of several statements the one that counts: that with the greatest counter, and of these the latest (P8).
struct NewestStatement<Content> {
    private(set) var content: Content?
    private var key: (counter: UInt64, order: RosterOrder)?

    mutating func consider(_ content: Content, counter: UInt64, order: RosterOrder) {
        guard key.map({ $0 < (counter, order) }) ?? true else { return }
        self.content = content
        key = (counter, order)
    }
}
