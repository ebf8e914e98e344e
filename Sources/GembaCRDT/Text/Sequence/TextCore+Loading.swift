extension TextCore {
    /// Reads a stored text.
    ///
    /// The order of the characters is made again by hanging the runs beside their parents in a linked list, which takes
    /// no search; then the tree is built at once.
    @usableFromInline init(
        structure: ArraySlice<UInt8>, authorCount: Int, text: String, deleted: String
    ) throws(SavedTextError) {
        var reader = NumberReader(structure)
        guard try reader.number() == Self.structureVersion else { throw .malformed }
        let count = try reader.number(atMost: Self.greatestCount)
        var (lengths, parents, displaced) = (try reader.column(), try reader.column(), try reader.column())
        var (changes, stretches, forgotten) = (try reader.column(), try reader.column(), try reader.column())
        guard reader.isAtEnd else { throw .malformed }
        // Before memory is taken for a number that damage may have made.
        let recorded = text.unicodeScalars.count + deleted.unicodeScalars.count
        guard try Int(count) == recorded + Self.sizes(forgotten, atMost: count) else { throw .malformed }
        var order = CharacterOrder(count: Int(count))
        try readRuns(&lengths, &parents, &displaced, count: count, into: &order)
        try readChanges(&changes, &stretches, authorCount: UInt32(clamping: authorCount))
        guard names.count == count else { throw .malformed }
        try readForgotten(&forgotten)
        try build(order, text: text, deleted: deleted)
    }

    /// So that twice a number and more fit 32 bits.
    private static let greatestCount = UInt32.max / 2 - 2

    private mutating func readRuns(
        _ lengths: inout NumberReader, _ parents: inout NumberReader, _ displaced: inout NumberReader, count: UInt32,
        into order: inout CharacterOrder
    ) throws(SavedTextError) {
        fugue.reserve(count)
        var untilDisplaced = displaced.isAtEnd ? UInt32.max : try displaced.number(atMost: count)
        while fugue.count < count {
            let first = fugue.count
            let length = try lengths.number(atMost: count - first)
            let code = try parents.number(atMost: first * 2)
            guard length > 0 else { throw .malformed }
            var parent = FugueTree.Position.beginning
            if code > 0 {
                let number = first - 1 - (code - 1) / 2
                parent = code.isMultiple(of: 2) ? .right(of: number) : .left(of: number)
            }
            var neighbour = parent
            if untilDisplaced == 0 {
                neighbour = FugueTree.Position(code: try displaced.number(atMost: first * 2 + 1))
                guard neighbour.code > 0 else { throw .malformed }
                fugue.noteDisplacement(beside: neighbour)
                untilDisplaced = displaced.isAtEnd ? UInt32.max : try displaced.number(atMost: count)
                guard untilDisplaced > 0 else { throw .malformed }
            }
            untilDisplaced -= 1
            order.insert(first, Int(length), beside: neighbour)
            fugue.append(Int(length), at: parent)
        }
        guard lengths.isAtEnd, parents.isAtEnd, displaced.isAtEnd else { throw .malformed }
    }

    private mutating func readChanges(
        _ changes: inout NumberReader, _ stretches: inout NumberReader, authorCount: UInt32
    ) throws(SavedTextError) {
        var latest: [UInt64] = Array(repeating: 0, count: Int(authorCount))
        while !changes.isAtEnd {
            let head = try changes.number(atMost: .max)
            guard head / 4 < authorCount else { throw .malformed }
            let author = Int(head / 4)
            let sequence = latest[author] &+ UInt64(bitPattern: try changes.signed())
            let name = Name(author: head / 4, sequence: sequence)
            let (ascends, isDeletion) = (head & 2 != 0, head & 1 != 0)
            let known = isDeletion ? deletions.count : names.count
            let count = try changes.number(atMost: Self.greatestCount - min(known, Self.greatestCount))
            guard count > 0, sequence < UInt64.max / 2 else { throw .malformed }
            latest[author] = ascends ? sequence &+ UInt64(count) - 1 : sequence
            if isDeletion {
                deletions.appendNames(count, name, ascends: ascends, inserted: names.count)
            } else {
                names.append(run: count, name, ascends: ascends)
            }
        }
        try readStretches(&stretches)
    }

    private mutating func readStretches(_ stretches: inout NumberReader) throws(SavedTextError) {
        var previous: Int64 = 0
        var event: UInt32 = 0
        while event < deletions.count {
            let head = try stretches.number()
            let (count, descends) = (head / 2, head & 1 == 1)
            let number = previous &+ (try stretches.signed())
            guard count > 0, count <= UInt64(deletions.count - event), number >= 0, number < Int64(fugue.count) else {
                throw .malformed
            }
            let first = descends ? number - Int64(count) + 1 : number
            guard first >= 0, first + Int64(count) <= Int64(fugue.count) else { throw .malformed }
            for deleted in Int(first)..<Int(first) + Int(count) { fugue.marks[deleted].insert(.deleted) }
            deletions.append(run: DeletionLog.Run(event: event, number: UInt32(number), descends: descends))
            event += UInt32(count)
            previous = number
        }
        guard stretches.isAtEnd else { throw .malformed }
    }

    /// How many characters a column of what was forgotten tells of.
    private static func sizes(_ forgotten: NumberReader, atMost count: UInt32) throws(SavedTextError) -> Int {
        var reader = forgotten
        var total = 0
        while !reader.isAtEnd {
            _ = try reader.number()
            total += Int(try reader.number(atMost: count))
        }
        return total
    }

    private mutating func readForgotten(_ forgotten: inout NumberReader) throws(SavedTextError) {
        var number: UInt32 = 0
        while !forgotten.isAtEnd {
            number += try forgotten.number(atMost: fugue.count - number)
            let count = try forgotten.number(atMost: fugue.count - number)
            for place in number..<number + count { fugue.marks[Int(place)].formUnion([.deleted, .forgotten]) }
            number += count
        }
    }

    // MARK: - Building

    private mutating func build(_ order: CharacterOrder, text: String, deleted: String) throws(SavedTextError) {
        let spans = order.spans(fugue.marks)
        tree = SpanTree(spans, numberCount: fugue.marks.count)
        let isWide = !(text.utf8.allSatisfy { $0 < 0x80 } && deleted.utf8.allSatisfy { $0 < 0x80 })
        scalars = ScalarStore(count: fugue.marks.count, isWide: isWide)
        var shown = ScalarStore.Source(text, isWide: isWide)
        for span in spans where !span.isDeleted {
            guard scalars.set(Int(span.first)..<Int(span.end), from: &shown) else { throw .malformed }
        }
        var hidden = ScalarStore.Source(deleted, isWide: isWide)
        for (number, marks) in fugue.marks.enumerated() where marks.isRecorded {
            guard scalars.set(number..<number + 1, from: &hidden) else { throw .malformed }
        }
        guard shown.isAtEnd, hidden.isAtEnd else { throw .malformed }
    }
}

/// The characters of a text as a circular list, by number plus 1; 0 stands before the first and after the last.
private struct CharacterOrder {
    private var next: ContiguousArray<UInt32>
    private var previous: ContiguousArray<UInt32>

    init(count: Int) {
        next = ContiguousArray(repeating: 0, count: count + 1)
        previous = next
    }

    /// Puts new characters beside one that is there.
    mutating func insert(_ first: UInt32, _ count: Int, beside neighbour: FugueTree.Position) {
        let place = neighbour.number.map { Int($0) + 1 } ?? 0
        let before = neighbour.isRight ? place : Int(previous[place])
        let after = Int(next[before])
        let start = Int(first) + 1
        for link in start..<start + count {
            next[link] = UInt32(truncatingIfNeeded: link + 1)
            previous[link] = UInt32(truncatingIfNeeded: link - 1)
        }
        next[start + count - 1] = UInt32(truncatingIfNeeded: after)
        previous[start] = UInt32(truncatingIfNeeded: before)
        next[before] = UInt32(truncatingIfNeeded: start)
        previous[after] = UInt32(truncatingIfNeeded: start + count - 1)
    }

    /// The characters in their order, as long spans as can be.
    func spans(_ marks: ContiguousArray<FugueTree.Marks>) -> ContiguousArray<Span> {
        var spans = ContiguousArray<Span>()
        var link = next[0]
        while link != 0 {
            let first = link - 1
            let isDeleted = marks[Int(first)].contains(.deleted)
            var end = first + 1
            link = next[Int(link)]
            while link == end + 1, marks[Int(end)].contains(.deleted) == isDeleted {
                end += 1
                link = next[Int(link)]
            }
            spans.append(Span(first: first, count: Int(end - first), isDeleted: isDeleted))
        }
        return spans
    }
}
