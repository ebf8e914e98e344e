/// Who hangs on whom: the tree that orders the characters of a text.
///
/// It is the tree of Weidner and Kleppmann, "The Art of the Fugue: Minimizing Interleaving in Collaborative Text
/// Editing" (2023), section 4: the text is the traversal in which a character follows its left children and precedes its
/// right ones, and siblings on one side stand in the order of their ids. What several people type in one place apart from
/// each other therefore stays in one piece each, whether they type forwards or backwards.
///
/// Characters are local numbers, in the order of their insertion here, so a parent has a lower number than its children.
/// A character whose parent is the one numbered before it continues a run and takes one byte; only the *heads* of runs
/// state a parent. Siblings meet only where people write apart, so the lists of children are made when they first do.
@usableFromInline struct FugueTree: Sendable {
    /// What is known of a character.
    struct Marks: OptionSet, Sendable {
        var rawValue: UInt8
        /// It is the right child of the character numbered before it.
        static let continues = Marks(rawValue: 1)
        /// It has a left child.
        static let hasLeft = Marks(rawValue: 2)
        /// It has a right child that heads a run.
        static let hasRight = Marks(rawValue: 4)
        static let deleted = Marks(rawValue: 8)
        /// It is deleted, and its content and deletion are not known any more.
        static let forgotten = Marks(rawValue: 16)

        /// Whether it is deleted and its content is known.
        var isRecorded: Bool { intersection([.deleted, .forgotten]) == .deleted }
    }

    /// A side of a character, or the beginning of the text: where a child hangs, or next to what a run stands.
    @usableFromInline struct Position: Hashable, Sendable {
        /// Two times the number, plus 2; the lowest bit says right. The beginning of the text is 1.
        @usableFromInline var code: UInt32

        @inlinable init(code: UInt32) { self.code = code }

        @inlinable static var beginning: Position { Position(code: 1) }

        @inlinable static func left(of number: UInt32) -> Position { Position(code: number * 2 + 2) }

        @inlinable static func right(of number: UInt32) -> Position { Position(code: number * 2 + 3) }

        @inlinable var isRight: Bool { code & 1 == 1 }
        /// Nil at the beginning of the text.
        @inlinable var number: UInt32? { code == 1 ? nil : code / 2 - 1 }
    }

    /// The first character of a run.
    struct Head: Hashable, Sendable {
        var number: UInt32
        var parent: Position
    }

    /// A head that does not stand right beside its parent, as its siblings came first.
    struct Displacement: Hashable, Sendable {
        var head: UInt32
        /// Beside what it stood when it came.
        var neighbour: Position
    }

    var marks: ContiguousArray<Marks> = []
    /// Sorted by number.
    private(set) var heads: ContiguousArray<Head> = []
    /// Sorted by head.
    private(set) var displacements: [Displacement] = []
    /// The heads that hang in each position, for the first `listedCount` heads.
    private var childrenByParent: [Position: [UInt32]] = [:]
    private var listedCount = 0

    var count: UInt32 { UInt32(truncatingIfNeeded: marks.count) }

    // MARK: - Reading

    func continues(_ number: UInt32) -> Bool { number < count && marks[Int(number)].contains(.continues) }

    /// Whether anything hangs in a position.
    func isTaken(_ position: Position) -> Bool {
        guard let number = position.number else { return !marks.isEmpty }
        if !position.isRight { return marks[Int(number)].contains(.hasLeft) }
        return marks[Int(number)].contains(.hasRight) || continues(number + 1)
    }

    /// Calls `body` with the runs from a number on, the first of them cut to begin there: their parents and numbers.
    func forEachRun(from number: UInt32, _ body: (Position, Range<UInt32>) -> Void) {
        var index = heads.count
        while index > 0, heads[index - 1].number >= number { index -= 1 }
        var start = number
        var parent = number == 0 ? Position.beginning : .right(of: number - 1)
        while index < heads.count {
            if start < heads[index].number { body(parent, start..<heads[index].number) }
            (start, parent) = (heads[index].number, heads[index].parent)
            index += 1
        }
        if start < count { body(parent, start..<count) }
    }

    // MARK: - Growing

    /// Makes room for characters.
    mutating func reserve(_ count: UInt32) { marks.reserveCapacity(Int(count)) }

    /// Hangs the next `added` characters as a run in a position.
    mutating func append(_ added: Int, at parent: Position) {
        let first = count
        if let number = parent.number, parent.isRight, number + 1 == first {
            marks.append(.continues)
        } else {
            heads.append(Head(number: first, parent: parent))
            if let number = parent.number { marks[Int(number)].insert(parent.isRight ? .hasRight : .hasLeft) }
            marks.append([])
        }
        if added > 1 { marks.append(contentsOf: repeatElement(.continues, count: added - 1)) }
    }

    /// Notes that the newest head does not stand beside its parent.
    mutating func noteDisplacement(beside neighbour: Position) {
        displacements.append(Displacement(head: count, neighbour: neighbour))
    }

    // MARK: - Siblings

    /// Beside what the next character stands when it hangs in a position where others hang already.
    ///
    /// - Parameter ascending: whether one number's id is before another's; the next number has its id already.
    mutating func neighbour(at parent: Position, ascending: (UInt32, UInt32) -> Bool) -> Position {
        listChildren()
        let new = count
        let siblings = children(at: parent)
        if parent.isRight {
            let previous = siblings.filter { ascending($0, new) }.max(by: ascending)
            return previous.map { .right(of: rightmost(under: $0, ascending: ascending)) } ?? parent
        }
        let next = siblings.filter { ascending(new, $0) }.min(by: ascending)
        return next.map { .left(of: leftmost(under: $0, ascending: ascending)) } ?? parent
    }

    private mutating func listChildren() {
        for head in heads[listedCount...] { childrenByParent[head.parent, default: []].append(head.number) }
        listedCount = heads.count
    }

    private func children(at position: Position) -> [UInt32] {
        var children = childrenByParent[position] ?? []
        if position.isRight, let number = position.number, continues(number + 1) { children.append(number + 1) }
        return children
    }

    /// The last character of the traversal under one.
    private func rightmost(under top: UInt32, ascending: (UInt32, UInt32) -> Bool) -> UInt32 {
        var number = top
        while true {
            while !marks[Int(number)].contains(.hasRight), continues(number + 1) { number += 1 }
            guard let last = children(at: .right(of: number)).max(by: ascending) else { return number }
            number = last
        }
    }

    /// The first character of the traversal under one.
    private func leftmost(under top: UInt32, ascending: (UInt32, UInt32) -> Bool) -> UInt32 {
        var number = top
        while let first = children(at: .left(of: number)).min(by: ascending) { number = first }
        return number
    }
}
