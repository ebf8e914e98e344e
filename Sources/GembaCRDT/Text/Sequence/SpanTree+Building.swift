extension SpanTree {
    /// Builds the tree of spans in the order of the text, which together hold the numbers 0..<`numberCount` once each.
    ///
    /// Linear. Leaves are filled to three quarters, so that the first edits do not split each.
    init(_ ordered: some Collection<Span>, numberCount: Int) {
        self.init()
        if ordered.isEmpty { return }
        let filling = Self.capacity * 3 / 4
        let leafCount = (ordered.count + filling - 1) / filling
        leaves = ContiguousArray(repeating: Leaf(), count: leafCount)
        spans = ContiguousArray(repeating: Span(first: 0, count: 0), count: leafCount * Self.capacity)
        leafByNumber = ContiguousArray(repeating: 0, count: numberCount)
        leafByNumber.withUnsafeMutableBufferPointer { leafByNumber in
            for (place, span) in ordered.enumerated() {
                let leaf = place / filling
                spans[leaf * Self.capacity + place % filling] = span
                leaves[leaf].count += 1
                leaves[leaf].shown += Int32(span.shownCount)
                shownCount += span.shownCount
                for number in Int(span.first)..<Int(span.end) { leafByNumber[number] = Index(leaf) }
            }
        }
        for leaf in 0..<leafCount - 1 { leaves[leaf].next = Index(leaf + 1) }
        buildLevels(filling: filling)
    }

    private mutating func buildLevels(filling: Int) {
        nodes = []
        children = []
        sums = []
        var level = leaves.enumerated().map { (index: Index($0.offset), sum: $0.element.shown) }
        var isBottom = true
        repeat {
            var above: [(index: Index, sum: Int32)] = []
            for start in stride(from: 0, to: level.count, by: filling) {
                let node = addNode(isBottom: isBottom)
                let group = level[start..<min(start + filling, level.count)]
                for (offset, child) in group.enumerated() {
                    children[Int(node) * Self.capacity + offset] = child.index
                    sums[Int(node) * Self.capacity + offset] = child.sum
                    setParent(of: child.index, isLeaf: isBottom, to: node)
                }
                nodes[Int(node)].count = Int32(group.count)
                above.append((node, group.reduce(0) { $0 + $1.sum }))
            }
            level = above
            isBottom = false
        } while level.count > 1
        root = level[0].index
    }
}
