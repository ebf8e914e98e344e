/// A place in a text that stays with the characters beside it while others edit.
public enum TextAnchor<Name: TextName>: Hashable, Sendable {
    /// Before all that is ever inserted.
    case beginning
    /// After all that is ever inserted.
    case end
    /// Before a character: what is inserted there later comes before the anchor.
    case before(TextID<Name>)
    /// After a character: what is inserted there later comes after the anchor.
    case after(TextID<Name>)
}

/// Which neighbour an anchor stays with.
public enum TextBias: Hashable, Sendable {
    /// The character before it: text inserted at the anchor comes after it, as at the beginning of a selection's end.
    case before
    /// The character after it: text inserted at the anchor comes before it, as at a cursor that lets others type on.
    case after
}

extension TextDocument {
    /// An anchor for a position, from 0 to ``count``.
    @inlinable public mutating func anchor(at position: Int, staying bias: TextBias) -> TextAnchor<Name> {
        precondition(position >= 0 && position <= count, "position \(position) in a text of \(count) characters")
        switch bias {
        case .before:
            return position == 0 ? .beginning : .after(id(of: core.number(atPosition: position - 1)))
        case .after:
            return position == count ? .end : .before(id(of: core.number(atPosition: position)))
        }
    }

    /// Where an anchor is now. One beside a character that was deleted is where the character was; nil for a character
    /// that this text never had.
    @inlinable public mutating func position(of anchor: TextAnchor<Name>) -> Int? {
        switch anchor {
        case .beginning: return 0
        case .end: return count
        case .before(let id): return number(of: id).map { core.position(of: $0) }
        case .after(let id):
            return number(of: id).map { number in
                core.position(of: number) + (core.isDeleted(number) ? 0 : 1)
            }
        }
    }

    @inlinable func number(of id: TextID<Name>) -> UInt32? {
        guard let author = authors.knownNumber(of: id.name.author) else { return nil }
        let name = TextCore.Name(author: author, sequence: id.name.sequence)
        return core.numbers(name, offset: id.offset, maximum: 1)?.lowerBound
    }
}

extension TextCore {
    /// The number of the character shown at a position.
    @usableFromInline mutating func number(atPosition position: Int) -> UInt32 {
        tree.number(at: tree.locate(position: position))
    }

    /// How many characters are shown before one.
    @usableFromInline mutating func position(of number: UInt32) -> Int {
        tree.flush()
        return tree.position(of: number)
    }

    /// Whether a character is shown no more.
    @usableFromInline func isDeleted(_ number: UInt32) -> Bool { fugue.marks[Int(number)].contains(.deleted) }
}
