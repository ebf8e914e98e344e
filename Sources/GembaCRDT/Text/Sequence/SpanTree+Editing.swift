extension SpanTree {
    // MARK: - Inserting

    /// Inserts characters, shown, after the one at a place that was just located. They have the next local numbers.
    mutating func insert(_ count: Int, after place: Place) {
        let first = UInt32(truncatingIfNeeded: leafByNumber.count)
        let span = span(at: place)
        if place.offset + 1 == span.count, !span.isDeleted, span.end == first {
            spans[Int(place.leaf) * Self.capacity + place.index].count += count
            touch(place.index)
            settle(count)
            return
        }
        let place = makeRoom(at: place)
        if place.offset + 1 < span.count {
            spans[Int(place.leaf) * Self.capacity + place.index].count = place.offset + 1
            var rest = span
            rest.removeFirst(place.offset + 1)
            insert(Span(first: first, count: count), rest, at: place.index + 1)
        } else {
            insert(Span(first: first, count: count), nil, at: place.index + 1)
        }
        settle(count)
    }

    /// Inserts characters, shown, before the one at a place that was just located. They have the next local numbers.
    mutating func insert(_ count: Int, before place: Place) {
        if place.offset > 0 {
            insert(count, after: Place(leaf: place.leaf, index: place.index, offset: place.offset - 1))
            return
        }
        let place = makeRoom(at: place)
        insert(Span(first: UInt32(truncatingIfNeeded: leafByNumber.count), count: count), nil, at: place.index)
        settle(count)
    }

    /// Inserts characters, shown, before all others. They have the next local numbers.
    mutating func insertAtBeginning(_ count: Int) {
        focus(0)
        insert(count, before: Place(leaf: 0, index: 0, offset: 0))
    }

    /// Records that the newest characters are in the leaf of the finger.
    private mutating func settle(_ count: Int) {
        if count == 1 {
            leafByNumber.append(finger.leaf)
        } else {
            leafByNumber.append(contentsOf: repeatElement(finger.leaf, count: count))
        }
        self.count(count)
    }

    /// Splits the leaf of the finger unless two more spans fit into it, and returns where a place in it is then.
    private mutating func makeRoom(at place: Place) -> Place {
        Int(leaves[Int(place.leaf)].count) + 2 <= Self.capacity ? place : splitLeaf(at: place)
    }

    /// Puts one span, or two that follow one another, into the leaf of the finger, which has room for them. The sums of
    /// characters shown are the caller's.
    private mutating func insert(_ span: Span, _ rest: Span?, at index: Int) {
        let added = rest == nil ? 1 : 2
        touch(index - 1)
        let base = Int(finger.leaf) * Self.capacity
        let count = Int(leaves[Int(finger.leaf)].count)
        spans.withUnsafeMutableBufferPointer { spans in
            var slot = base + count
            while slot > base + index {
                slot -= 1
                spans[slot + added] = spans[slot]
            }
            spans[base + index] = span
            if let rest { spans[base + index + 1] = rest }
        }
        leaves[Int(finger.leaf)].count += Int32(added)
    }

    // MARK: - Deleting

    /// Deletes up to `count` characters from a place that was just located, all in one span that is shown.
    mutating func delete(_ count: Int, at place: Place) {
        let place = makeRoom(at: place)
        let slot = Int(place.leaf) * Self.capacity + place.index
        let span = spans[slot]
        touch(place.index)
        if place.offset == 0 {
            deletePrefix(count, of: span, slot: slot, at: place.index)
        } else if place.offset + count == span.count {
            deleteSuffix(count, of: span, slot: slot, at: place.index)
        } else {
            spans[slot].count = place.offset
            var rest = span
            rest.removeFirst(place.offset + count)
            let middle = span.first + UInt32(truncatingIfNeeded: place.offset)
            insert(Span(first: middle, count: count, isDeleted: true), rest, at: place.index + 1)
        }
        self.count(-count)
    }

    private mutating func deletePrefix(_ count: Int, of span: Span, slot: Int, at index: Int) {
        let joins = index > 0 && spans[slot - 1].isDeleted && spans[slot - 1].end == span.first
        if count == span.count {
            if joins {
                spans[slot - 1].count += count
                removeSpan(at: index)
            } else {
                spans[slot].delete()
            }
            return
        }
        spans[slot].removeFirst(count)
        if joins {
            spans[slot - 1].count += count
        } else {
            insert(Span(first: span.first, count: count, isDeleted: true), nil, at: index)
        }
    }

    private mutating func deleteSuffix(_ count: Int, of span: Span, slot: Int, at index: Int) {
        let first = span.end - UInt32(truncatingIfNeeded: count)
        spans[slot].count -= count
        let hasNext = index + 1 < Int(leaves[Int(finger.leaf)].count)
        if hasNext, spans[slot + 1].isDeleted, spans[slot + 1].first == span.end {
            spans[slot + 1] = Span(first: first, count: spans[slot + 1].count + count, isDeleted: true)
        } else {
            insert(Span(first: first, count: count, isDeleted: true), nil, at: index + 1)
        }
    }

    /// Takes a span out of the leaf of the finger, which keeps at least one.
    private mutating func removeSpan(at index: Int) {
        finger.index = 0
        finger.rank = 0
        let base = Int(finger.leaf) * Self.capacity
        let count = Int(leaves[Int(finger.leaf)].count)
        for slot in base + index..<base + count - 1 { spans[slot] = spans[slot + 1] }
        leaves[Int(finger.leaf)].count -= 1
    }
}
