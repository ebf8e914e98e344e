/// Characters that follow one another in the text and in their local numbers, all shown or all deleted.
///
/// A local number counts the characters of one text in the order in which this replica inserted them.
struct Span: Hashable, Sendable {
    /// The local number of the first character.
    var first: UInt32
    /// The length, and in the lowest bit whether the characters are deleted. A leaf of the tree fits two cache lines
    /// more this way.
    private var packed: UInt32

    init(first: UInt32, count: Int, isDeleted: Bool = false) {
        self.first = first
        packed = UInt32(truncatingIfNeeded: count) << 1 | (isDeleted ? 1 : 0)
    }

    var count: Int {
        get { Int(packed >> 1) }
        set { packed = UInt32(truncatingIfNeeded: newValue) << 1 | packed & 1 }
    }

    /// The number after the last character's.
    var end: UInt32 { first &+ packed >> 1 }
    var isDeleted: Bool { packed & 1 == 1 }
    /// How many characters are shown.
    var shownCount: Int { isDeleted ? 0 : count }

    func contains(_ number: UInt32) -> Bool { number &- first < packed >> 1 }

    mutating func delete() { packed |= 1 }

    /// Takes `count` characters off the beginning.
    mutating func removeFirst(_ count: Int) {
        first += UInt32(truncatingIfNeeded: count)
        self.count -= count
    }
}
