extension SpanTree {
    /// Splits the leaf of the finger in two, and moves the finger to the part in which a place then is.
    ///
    /// - Returns: that place.
    mutating func splitLeaf(at place: Place) -> Place {
        flush()
        let old = finger.leaf
        let new = addLeaf()
        let half = Self.capacity / 2
        let (from, to) = (Int(old) * Self.capacity, Int(new) * Self.capacity)
        let count = Int(leaves[Int(old)].count)
        var moved = 0
        for offset in half..<count {
            let span = spans[from + offset]
            spans[to + offset - half] = span
            moved += span.shownCount
            for number in Int(span.first)..<Int(span.end) { leafByNumber[number] = new }
        }
        leaves[Int(new)].count = Int32(count - half)
        leaves[Int(new)].shown = Int32(moved)
        leaves[Int(new)].next = leaves[Int(old)].next
        leaves[Int(old)].count = Int32(half)
        leaves[Int(old)].shown -= Int32(moved)
        leaves[Int(old)].next = new
        insertChild(new, taking: Int32(moved), from: old, isLeaf: true)

        let start = finger.start
        if place.index < half {
            finger = Finger(leaf: old, start: start)
            return place
        }
        finger = Finger(leaf: new, start: start < 0 ? -1 : start + Int(leaves[Int(old)].shown))
        return Place(leaf: new, index: place.index - half, offset: place.offset)
    }

    private mutating func addLeaf() -> Index {
        leaves.append(Leaf())
        spans.append(contentsOf: repeatElement(Span(first: 0, count: 0), count: Self.capacity))
        return Index(leaves.count - 1)
    }

    mutating func addNode(isBottom: Bool) -> Index {
        nodes.append(Node(isBottom: isBottom))
        children.append(contentsOf: repeatElement(0, count: Self.capacity))
        sums.append(contentsOf: repeatElement(0, count: Self.capacity))
        return Index(nodes.count - 1)
    }

    private func parent(of child: Index, isLeaf: Bool) -> Index {
        isLeaf ? leaves[Int(child)].parent : nodes[Int(child)].parent
    }

    mutating func setParent(of child: Index, isLeaf: Bool, to parent: Index) {
        if isLeaf { leaves[Int(child)].parent = parent } else { nodes[Int(child)].parent = parent }
    }

    /// Inserts a child after the sibling from which it took characters.
    private mutating func insertChild(_ child: Index, taking sum: Int32, from sibling: Index, isLeaf: Bool) {
        // Splitting comes first, while all sums still agree.
        if Int(nodes[Int(parent(of: sibling, isLeaf: isLeaf))].count) == Self.capacity {
            splitNode(parent(of: sibling, isLeaf: isLeaf))
        }
        let node = parent(of: sibling, isLeaf: isLeaf)
        let place = slot(of: sibling, in: node) + 1
        var slot = Int(node) * Self.capacity + Int(nodes[Int(node)].count)
        while slot > place {
            children[slot] = children[slot - 1]
            sums[slot] = sums[slot - 1]
            slot -= 1
        }
        children[place] = child
        sums[place] = sum
        sums[place - 1] -= sum
        nodes[Int(node)].count += 1
        setParent(of: child, isLeaf: isLeaf, to: node)
    }

    private mutating func splitNode(_ old: Index) {
        let isBottom = nodes[Int(old)].isBottom
        let new = addNode(isBottom: isBottom)
        let half = Self.capacity / 2
        let (from, to) = (Int(old) * Self.capacity, Int(new) * Self.capacity)
        var moved: Int32 = 0
        for offset in half..<Self.capacity {
            let child = children[from + offset]
            children[to + offset - half] = child
            sums[to + offset - half] = sums[from + offset]
            moved += sums[from + offset]
            setParent(of: child, isLeaf: isBottom, to: new)
        }
        nodes[Int(old)].count = Int32(half)
        nodes[Int(new)].count = Int32(Self.capacity - half)
        if old == root {
            let whole = sums[from..<from + half].reduce(moved, +)
            root = addNode(isBottom: false)
            children[Int(root) * Self.capacity] = old
            sums[Int(root) * Self.capacity] = whole
            nodes[Int(root)].count = 1
            nodes[Int(old)].parent = root
        }
        insertChild(new, taking: moved, from: old, isLeaf: false)
    }
}
