extension TextDocument {
    /// Applies an operation of another replica, after everything that its author had seen.
    ///
    /// An insertion whose parent was never inserted hangs at the beginning of the text, and a deletion of such a
    /// character has no effect: an author in causal order cannot make one, so only a faulty program does, and its
    /// operation means the same everywhere.
    ///
    /// - Parameter namesAscend: the order of changes of several authors, the same on every replica.
    @inlinable public mutating func apply(
        _ operation: TextOperation<Name>, as name: Name, namesAscend: (Name, Name) -> Bool
    ) {
        let own = number(of: name)
        // What the operation deletes was there before it, even where a faulty one names its own characters.
        let known = core.insertedCount
        for insertion in operation.insertions {
            core.insert(insertion.text, at: position(of: insertion, below: known), by: own) { [authors] left, right in
                namesAscend(
                    Name(author: authors.authors[Int(left.author)], sequence: left.sequence),
                    Name(author: authors.authors[Int(right.author)], sequence: right.sequence))
            }
        }
        for deletion in operation.deletions { remove(deletion, by: own, below: known) }
    }

    @inlinable func position(
        of insertion: TextOperation<Name>.Insertion, below known: UInt32
    ) -> FugueTree.Position {
        guard let parent = insertion.parent, let author = authors.knownNumber(of: parent.name.author),
            let numbers = core.numbers(
                TextCore.Name(author: author, sequence: parent.name.sequence), offset: parent.offset, maximum: 1),
            numbers.lowerBound < known
        else { return .beginning }
        return insertion.side == .right ? .right(of: numbers.lowerBound) : .left(of: numbers.lowerBound)
    }

    @inlinable mutating func remove(
        _ deletion: TextOperation<Name>.Deletion, by own: TextCore.Name, below known: UInt32
    ) {
        guard let author = authors.knownNumber(of: deletion.first.name.author) else { return }
        let name = TextCore.Name(author: author, sequence: deletion.first.name.sequence)
        var offset = deletion.first.offset
        var rest = deletion.count
        while rest > 0, let numbers = core.numbers(name, offset: offset, maximum: rest),
            numbers.lowerBound < known
        {
            core.remove(numbers: numbers, by: own)
            offset += UInt32(numbers.count)
            rest -= UInt32(numbers.count)
        }
    }
}

extension TextDocument where Name.Author: Comparable {
    /// Applies an operation of another replica, after everything that its author had seen. Authors decide between siblings.
    @inlinable public mutating func apply(_ operation: TextOperation<Name>, as name: Name) {
        apply(operation, as: name, namesAscend: { $0.author < $1.author })
    }
}
