/// A text that people edit on several replicas, character by character.
///
/// A local edit goes by positions and becomes a ``TextOperation``; an operation of another replica is applied by ids.
/// Replicas that applied the same operations show the same text, in whatever order that respects causality they came.
/// Concurrent insertions at one place stay in one piece each; see ``FugueTree`` for the source. Where two of them meet,
/// the order of their authors decides.
///
/// Positions count Unicode scalars. Each change may edit a text once: its name makes the ids of what it inserts.
///
/// An edit costs the logarithm of the number of runs, and a constant next to the edit before it. Each character that was
/// ever inserted takes six bytes, or nine in a text that is not ASCII.
public struct TextDocument<Name: TextName>: Sendable {
    /// How much of a document's history there is at some time.
    public struct Mark: Hashable, Sendable {
        @usableFromInline var inserted: UInt32
        @usableFromInline var deleted: UInt32

        @inlinable init(inserted: UInt32, deleted: UInt32) {
            self.inserted = inserted
            self.deleted = deleted
        }
    }

    @usableFromInline var core: TextCore
    /// The authors, by their number in the core.
    @usableFromInline var authors: AuthorTable<Name.Author>

    /// An empty text.
    @inlinable public init() {
        core = TextCore()
        authors = AuthorTable()
    }

    /// A text that one change inserted.
    @inlinable public init(_ text: String, insertedBy name: Name) {
        self.init()
        insert(text, at: 0, as: name)
    }

    // MARK: - Reading

    /// How many characters are shown.
    @inlinable public var count: Int { core.count }

    /// The text.
    @inlinable public var text: String { core.text }

    // MARK: - Local edits

    /// Inserts a text before the character at a position, as the change `name`, which had no part in this text yet.
    @inlinable public mutating func insert(_ text: String, at position: Int, as name: Name) {
        precondition(position >= 0 && position <= count, "position \(position) in a text of \(count) characters")
        core.insert(text, at: position, by: number(of: name))
    }

    /// Deletes characters, as the change `name`, which had no part in this text yet.
    @inlinable public mutating func remove(_ positions: Range<Int>, as name: Name) {
        precondition(
            positions.lowerBound >= 0 && positions.upperBound <= count, "\(positions) in a text of \(count) characters")
        core.remove(positions, by: number(of: name))
    }

    /// Applies an edit as the change `name`, which had no part in this text yet.
    ///
    /// - Returns: what other replicas apply.
    @inlinable public mutating func apply(_ edit: TextEdit, as name: Name) -> TextOperation<Name> {
        precondition(edit.lengthBefore <= count, "an edit of \(edit.lengthBefore) characters in a text of \(count)")
        let before = mark
        let own = number(of: name)
        var position = 0
        for step in edit.steps {
            switch step {
            case .keep(let count): position += count
            case .insert(let text):
                let length = core.count
                core.insert(text, at: position, by: own)
                position += core.count - length
            case .remove(let count): core.remove(position..<position + count, by: own)
            }
        }
        return operation(since: before)
    }

    /// How much has happened to this text so far.
    @inlinable public var mark: Mark { Mark(inserted: core.insertedCount, deleted: core.deletedCount) }

    /// The operation of the one local change that was made since a mark.
    @inlinable public func operation(since mark: Mark) -> TextOperation<Name> {
        TextOperation(insertions: insertions(since: mark.inserted), deletions: deletions(since: mark.deleted))
    }

    @inlinable func insertions(since first: UInt32) -> [TextOperation<Name>.Insertion] {
        var insertions: [TextOperation<Name>.Insertion] = []
        core.forEachInsertion(from: first) { parent, text in
            insertions.append(
                .init(parent: parent.number.map(id), side: parent.isRight ? .right : .left, text: text))
        }
        return insertions
    }

    @inlinable func deletions(since first: UInt32) -> [TextOperation<Name>.Deletion] {
        var deletions: [TextOperation<Name>.Deletion] = []
        core.forEachDeletion(from: first) { name, offset, count in
            let id = TextID(self.name(of: name), offset)
            if let last = deletions.last, last.first.name == id.name, last.first.offset + last.count == offset {
                deletions[deletions.count - 1].count += count
            } else {
                deletions.append(.init(first: id, count: count))
            }
        }
        return deletions
    }

    // MARK: - Names

    @inlinable mutating func number(of name: Name) -> TextCore.Name {
        TextCore.Name(author: authors.number(of: name.author), sequence: name.sequence)
    }

    @inlinable func name(of name: TextCore.Name) -> Name {
        Name(author: authors.authors[Int(name.author)], sequence: name.sequence)
    }

    /// The id of the character with a local number.
    @inlinable func id(of number: UInt32) -> TextID<Name> {
        let (name, offset) = core.name(of: number)
        return TextID(self.name(of: name), offset)
    }
}
