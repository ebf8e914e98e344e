/// The characters of a text in their order: a B+ tree of spans that finds a character by its position among those
/// shown and by its local number.
///
/// Characters never leave it, so nodes are split and never joined. Leaves and inner nodes are rows of a few flat arrays,
/// named by their index. The leaf of each character is kept in an array by local number; within a leaf, spans are
/// scanned.
///
/// Finding and changing are logarithmic in the number of spans. Edits near the one before cost a constant: the *finger*
/// remembers a leaf and its position, and sums above that leaf are brought up to date when the finger leaves it.
struct SpanTree: Sendable {
    typealias Index = Int32

    struct Leaf {
        var count: Int32 = 0
        /// Characters shown.
        var shown: Int32 = 0
        var parent: Index = 0
        /// The leaf after this one in the text, or -1.
        var next: Index = -1
    }

    struct Node {
        var count: Int32 = 0
        /// -1 for the root.
        var parent: Index = -1
        /// Whether the children are leaves.
        var isBottom = true
    }

    /// Where a character is.
    struct Place {
        var leaf: Index
        /// Among the spans of the leaf.
        var index: Int
        /// Among the characters of the span.
        var offset: Int
    }

    /// What is remembered of the latest edit.
    struct Finger {
        var leaf: Index = 0
        /// Characters shown before the leaf, or -1 when that is not known.
        var start = 0
        /// Characters shown that `sums` do not count yet.
        var pending = 0
        /// A span of the leaf, and the characters shown between the leaf's beginning and it.
        var index = 0
        var rank = 0
    }

    /// Spans of a leaf, and children of a node. Found by measuring: scanning 32 spans costs less than another level.
    static let capacity = 32

    // Internal to the type, for the parts of it in other files.
    /// `capacity` places for each leaf.
    var spans: ContiguousArray<Span>
    var leaves: ContiguousArray<Leaf>
    /// `capacity` places for each node, of leaves at the bottom and of nodes above it.
    var children: ContiguousArray<Index>
    /// Characters shown under each child, but for `finger.pending`.
    var sums: ContiguousArray<Int32>
    var nodes: ContiguousArray<Node>
    var root: Index = 0
    /// The leaf of each character, by local number.
    var leafByNumber: ContiguousArray<Index> = []
    var finger = Finger()
    /// Characters shown.
    var shownCount = 0

    /// An empty text: one empty leaf under one node.
    init() {
        spans = ContiguousArray(repeating: Span(first: 0, count: 0), count: Self.capacity)
        leaves = [Leaf()]
        children = ContiguousArray(repeating: 0, count: Self.capacity)
        sums = ContiguousArray(repeating: 0, count: Self.capacity)
        nodes = [Node(count: 1)]
    }

    // MARK: - Finding

    func span(at place: Place) -> Span { spans[Int(place.leaf) * Self.capacity + place.index] }

    func number(at place: Place) -> UInt32 { span(at: place).first + UInt32(truncatingIfNeeded: place.offset) }

    /// Finds the character shown at a position, and leaves the finger there.
    mutating func locate(position: Int) -> Place {
        if finger.start < 0 || position < finger.start
            || position >= finger.start + Int(leaves[Int(finger.leaf)].shown)
        {
            descend(to: position)
        }
        var rest = position - finger.start
        if rest < finger.rank {
            finger.index = 0
            finger.rank = 0
        }
        rest -= finger.rank
        let base = Int(finger.leaf) * Self.capacity
        var index = finger.index
        var shown = spans[base + index].shownCount
        while rest >= shown {
            rest -= shown
            finger.rank += shown
            index += 1
            shown = spans[base + index].shownCount
        }
        finger.index = index
        return Place(leaf: finger.leaf, index: index, offset: rest)
    }

    /// Finds a character by its local number, and leaves the finger in its leaf.
    mutating func locate(number: UInt32) -> Place {
        let leaf = leafByNumber[Int(number)]
        focus(leaf)
        return place(of: number, in: leaf)
    }

    func place(of number: UInt32, in leaf: Index) -> Place {
        let base = Int(leaf) * Self.capacity
        var index = 0
        while !spans[base + index].contains(number) { index += 1 }
        return Place(leaf: leaf, index: index, offset: Int(number - spans[base + index].first))
    }

    /// The local number of the character after a place, deleted or not; nil at the end.
    func number(after place: Place) -> UInt32? {
        let span = span(at: place)
        if place.offset + 1 < span.count { return number(at: place) + 1 }
        if place.index + 1 < Int(leaves[Int(place.leaf)].count) {
            return spans[Int(place.leaf) * Self.capacity + place.index + 1].first
        }
        let next = leaves[Int(place.leaf)].next
        return next < 0 ? nil : spans[Int(next) * Self.capacity].first
    }

    /// The local number of the first character, deleted or not; nil in an empty text. The first leaf is never split off.
    var firstNumber: UInt32? { leaves[0].count == 0 ? nil : spans[0].first }

    /// How many characters are shown before the one with a number.
    func position(of number: UInt32) -> Int {
        let leaf = leafByNumber[Int(number)]
        let place = place(of: number, in: leaf)
        var position = span(at: place).isDeleted ? 0 : place.offset
        for index in 0..<place.index { position += spans[Int(leaf) * Self.capacity + index].shownCount }
        var child = leaf
        var parent = leaves[Int(leaf)].parent
        while parent >= 0 {
            let base = Int(parent) * Self.capacity
            var index = 0
            while children[base + index] != child {
                position += Int(sums[base + index])
                index += 1
            }
            child = parent
            parent = nodes[Int(parent)].parent
        }
        return position
    }

    /// Calls `body` with every span, in the order of the text.
    func forEachSpan(_ body: (Span) -> Void) {
        var leaf: Index = 0
        while leaf >= 0 {
            let base = Int(leaf) * Self.capacity
            for index in 0..<Int(leaves[Int(leaf)].count) { body(spans[base + index]) }
            leaf = leaves[Int(leaf)].next
        }
    }

    // MARK: - The finger

    mutating func focus(_ leaf: Index) {
        if finger.leaf == leaf { return }
        flush()
        finger = Finger(leaf: leaf, start: -1)
    }

    private mutating func descend(to position: Int) {
        flush()
        var node = root
        var start = 0
        while true {
            var slot = Int(node) * Self.capacity
            while position >= start + Int(sums[slot]) {
                start += Int(sums[slot])
                slot += 1
            }
            if nodes[Int(node)].isBottom {
                finger = Finger(leaf: children[slot], start: start)
                return
            }
            node = children[slot]
        }
    }

    /// Brings the sums above the finger up to date.
    mutating func flush() {
        if finger.pending == 0 { return }
        var child = finger.leaf
        var parent = leaves[Int(child)].parent
        while parent >= 0 {
            sums[slot(of: child, in: parent)] += Int32(finger.pending)
            child = parent
            parent = nodes[Int(parent)].parent
        }
        finger.pending = 0
    }

    func slot(of child: Index, in node: Index) -> Int {
        var slot = Int(node) * Self.capacity
        while children[slot] != child { slot += 1 }
        return slot
    }

    /// Counts characters that appear in the leaf of the finger, or go from it.
    mutating func count(_ difference: Int) {
        leaves[Int(finger.leaf)].shown += Int32(difference)
        finger.pending += difference
        shownCount += difference
    }

    /// Makes the finger forget a span when one before it changes.
    mutating func touch(_ index: Int) {
        if index < finger.index {
            finger.index = 0
            finger.rank = 0
        }
    }
}
