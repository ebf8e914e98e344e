/// A text with everything that editing and merging need, by local numbers of characters and of authors.
///
/// Every character that was ever inserted keeps its place; a deleted one is only not shown. ``TextDocument`` gives it
/// names and a public face.
@usableFromInline struct TextCore: Sendable {
    @usableFromInline typealias Name = NameRuns.Name

    /// The order of the text.
    var tree = SpanTree()
    /// What decides that order.
    var fugue = FugueTree()
    /// The content of the characters by number.
    var scalars = ScalarStore()
    /// The changes that inserted them.
    var names = NameRuns()
    /// Who deleted which.
    var deletions = DeletionLog()

    @usableFromInline init() {}

    /// Characters shown.
    @usableFromInline var count: Int { tree.shownCount }

    /// The text that is shown.
    @usableFromInline var text: String {
        var bytes = ContiguousArray<UInt8>()
        bytes.reserveCapacity(tree.shownCount)
        tree.forEachSpan { span in
            if !span.isDeleted { scalars.appendUTF8(Int(span.first)..<Int(span.end), to: &bytes) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - Editing by position

    /// Inserts a text before the character shown at a position.
    @usableFromInline mutating func insert(_ text: String, at position: Int, by name: Name) {
        let added = scalars.append(text)
        if added == 0 { return }
        names.append(UInt32(truncatingIfNeeded: added), name)
        guard position > 0 else {
            fugue.append(added, at: tree.firstNumber.map { .left(of: $0) } ?? .beginning)
            tree.insertAtBeginning(added)
            return
        }
        let place = tree.locate(position: position - 1)
        let left = tree.number(at: place)
        // Where the left neighbour has right children, the character after it is one of their descendants, and has no
        // left child.
        if fugue.isTaken(.right(of: left)), let next = tree.number(after: place) {
            fugue.append(added, at: .left(of: next))
        } else {
            fugue.append(added, at: .right(of: left))
        }
        tree.insert(added, after: place)
    }

    /// Deletes the characters shown at positions.
    @usableFromInline mutating func remove(_ positions: Range<Int>, by name: Name) {
        var rest = positions.count
        while rest > 0 {
            let place = tree.locate(position: positions.lowerBound)
            let part = min(rest, tree.span(at: place).count - place.offset)
            let first = tree.number(at: place)
            tree.delete(part, at: place)
            note(first..<first + UInt32(truncatingIfNeeded: part), deletedBy: name)
            rest -= part
        }
    }

    private mutating func note(_ numbers: Range<UInt32>, deletedBy name: Name) {
        for number in numbers { fugue.marks[Int(number)].insert(.deleted) }
        deletions.append(numbers, by: name, inserted: fugue.count)
    }

    // MARK: - Merging by number

    /// Hangs a text that another replica inserted in a position.
    ///
    /// - Parameter namesAscend: the order of changes of several authors, the same on every replica. It decides only between
    ///   siblings.
    @usableFromInline mutating func insert(
        _ text: String, at parent: FugueTree.Position, by name: Name, namesAscend: (Name, Name) -> Bool
    ) {
        let added = scalars.append(text)
        if added == 0 { return }
        names.append(UInt32(truncatingIfNeeded: added), name)
        var neighbour = parent
        if fugue.isTaken(parent) {
            neighbour = fugue.neighbour(at: parent) { [names] left, right in
                Self.ascend(names.name(of: left), names.name(of: right), namesAscend)
            }
            if neighbour != parent { fugue.noteDisplacement(beside: neighbour) }
        }
        fugue.append(added, at: parent)
        if let number = neighbour.number {
            let place = tree.locate(number: number)
            if neighbour.isRight { tree.insert(added, after: place) } else { tree.insert(added, before: place) }
        } else {
            tree.insertAtBeginning(added)
        }
    }

    private static func ascend(
        _ left: (name: Name, offset: UInt32), _ right: (name: Name, offset: UInt32),
        _ namesAscend: (Name, Name) -> Bool
    ) -> Bool {
        if left.name.author != right.name.author { return namesAscend(left.name, right.name) }
        return (left.name.sequence, left.offset) < (right.name.sequence, right.offset)
    }

    /// Deletes the characters with some numbers, of which others may be deleted already.
    @usableFromInline mutating func remove(numbers: Range<UInt32>, by name: Name) {
        var number = numbers.lowerBound
        while number < numbers.upperBound {
            let place = tree.locate(number: number)
            let span = tree.span(at: place)
            let part = min(Int(numbers.upperBound - number), span.count - place.offset)
            if !span.isDeleted { tree.delete(part, at: place) }
            number += UInt32(truncatingIfNeeded: part)
        }
        note(numbers, deletedBy: name)
    }

    // MARK: - Reading changes and ids

    /// Characters that were ever inserted.
    @usableFromInline var insertedCount: UInt32 { fugue.count }
    /// Deletions that were ever made and are known.
    @usableFromInline var deletedCount: UInt32 { deletions.count }

    /// Calls `body` with the parent and the text of each run from a number on.
    @usableFromInline func forEachInsertion(from number: UInt32, _ body: (FugueTree.Position, String) -> Void) {
        if number == fugue.count { return }
        fugue.forEachRun(from: number) { parent, numbers in
            body(parent, scalars.text(Int(numbers.lowerBound)..<Int(numbers.upperBound)))
        }
    }

    /// Calls `body` with the ids of deleted characters from a deletion on: the change, the first offset, and how many.
    @usableFromInline func forEachDeletion(from event: UInt32, _ body: (Name, UInt32, UInt32) -> Void) {
        if event == deletions.count { return }
        deletions.forEachStretch(in: event..<deletions.count) { numbers, _ in
            names.forEachName(in: numbers) { name, offset, numbers in body(name, offset, UInt32(numbers.count)) }
        }
    }

    /// The change that inserted a character, and the character's offset in it.
    @usableFromInline func name(of number: UInt32) -> (name: Name, offset: UInt32) { names.name(of: number) }

    /// The numbers of characters by id: as many as follow one another, up to a maximum; nil when there is none.
    @usableFromInline func numbers(_ name: Name, offset: UInt32, maximum: UInt32) -> Range<UInt32>? {
        names.events(name, offset: offset, maximum: maximum)
    }

    /// Calls `body` with stretches of characters of one change, in the order of the text: the change, the first offset,
    /// how many, and their text, or nil when they are deleted.
    @usableFromInline func forEachRun(_ body: (Name, UInt32, Int, String?) -> Void) {
        tree.forEachSpan { span in
            names.forEachName(in: span.first..<span.end) { name, offset, numbers in
                let text =
                    span.isDeleted ? nil : scalars.text(Int(numbers.lowerBound)..<Int(numbers.upperBound))
                body(name, offset, numbers.count, text)
            }
        }
    }

    /// The change of all characters, when they are one run from the beginning on and all are shown.
    @usableFromInline var soleName: Name? {
        guard names.runs.count == 1, names.count == 1 || !names.runs[0].ascends, count == Int(fugue.count),
            fugue.heads.count == 1, fugue.heads[0].parent == .beginning, deletions.count == 0
        else { return nil }
        return names.runs[0].name(0)
    }

    // MARK: - Past versions

    /// The text as it was after some of the changes, a causally closed set of them.
    @usableFromInline func text(after contains: (Name) -> Bool) -> String {
        var isShown = ContiguousArray(repeating: false, count: Int(fugue.count))
        names.forEachName(in: 0..<fugue.count) { name, _, numbers in
            guard contains(name) else { return }
            for number in numbers { isShown[Int(number)] = !fugue.marks[Int(number)].contains(.forgotten) }
        }
        deletions.names.forEachName(in: 0..<deletions.count) { name, _, events in
            guard contains(name) else { return }
            deletions.forEachStretch(in: events) { numbers, _ in
                for number in numbers { isShown[Int(number)] = false }
            }
        }
        var bytes = ContiguousArray<UInt8>()
        tree.forEachSpan { span in
            for number in Int(span.first)..<Int(span.end) where isShown[number] {
                scalars.appendUTF8(number..<number + 1, to: &bytes)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Drops what is known of deletions: who made them, in which order, and what they deleted. Ids stay.
    @usableFromInline mutating func forgetDeleted() {
        for number in fugue.marks.indices where fugue.marks[number].contains(.deleted) {
            fugue.marks[number].insert(.forgotten)
            scalars.forget(number)
        }
        deletions = DeletionLog()
    }
}
