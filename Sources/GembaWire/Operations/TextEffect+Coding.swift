internal import GembaCausality

/// `insertions: [* [text] / [side, i, seq, offset, text]], deletions: [* (i, seq, offset, count)]`
extension TextEffect {
    func encode(into encoder: inout CBOREncoder, index: DotIndex) {
        precondition(!isEmpty, "a text is written and nothing done to it")
        encoder.array(count: insertions.count)
        for insertion in insertions { insertion.encode(into: &encoder, index: index) }
        precondition(deletions == Self.normalized(deletions), "deletions are not sorted, or not joined")
        encoder.array(count: 4 * deletions.count)
        for deletion in deletions {
            precondition(deletion.isValid, "a deletion of \(deletion.count) characters from \(deletion.first.offset)")
            deletion.first.encode(into: &encoder, index: index)
            encoder.unsigned(UInt64(deletion.count))
        }
    }

    init(from decoder: inout CBORDecoder, index: DotIndex) throws(WireError) {
        insertions = try decoder.list { (decoder) throws(WireError) in try Insertion(from: &decoder, index: index) }
        let count = try decoder.array()
        guard count.isMultiple(of: 4) else { throw decoder.failure(.invalid("deletions are not groups of four")) }
        deletions = []
        deletions.reserveCapacity(min(count / 4, 64))
        for _ in 0..<count / 4 {
            let deletion = Deletion(
                first: try CharacterID(from: &decoder, index: index), count: try decoder.number32())
            guard deletion.isValid else { throw decoder.failure(.outOfRange) }
            if let last = deletions.last, !last.isApart(from: deletion) {
                throw decoder.failure(.invalid("deletions are not sorted by character, or could be joined"))
            }
            deletions.append(deletion)
        }
        guard !isEmpty else { throw decoder.failure(.invalid("a text is written and nothing done to it")) }
    }
}

extension TextEffect.Insertion {
    fileprivate func encode(into encoder: inout CBOREncoder, index: DotIndex) {
        precondition(!text.isEmpty && !text.containsNUL, "an insertion is empty or has U+0000")
        switch parent {
        case .beginning:
            encoder.array(count: 1)
        case .character(let id, let side):
            encoder.array(count: 5)
            encoder.unsigned(side.rawValue)
            id.encode(into: &encoder, index: index)
        }
        encoder.text(text)
    }

    fileprivate init(from decoder: inout CBORDecoder, index: DotIndex) throws(WireError) {
        switch try decoder.array() {
        case 1:
            parent = .beginning
        case 5:
            guard let side = TextEffect.Side(rawValue: try decoder.unsigned()) else {
                throw decoder.failure(.invalid("a character has two sides"))
            }
            parent = .character(try TextEffect.CharacterID(from: &decoder, index: index), side)
        default:
            throw decoder.failure(.invalid("an insertion has another number of parts"))
        }
        text = try decoder.text()
        guard !text.isEmpty, !text.containsNUL else {
            throw decoder.failure(.invalid("an insertion is empty or has U+0000"))
        }
    }
}

extension TextEffect.CharacterID {
    fileprivate func encode(into encoder: inout CBOREncoder, index: DotIndex) {
        encoder.unsigned(UInt64(index.index(of: dot)))
        encoder.unsigned(dot.sequence)
        encoder.unsigned(UInt64(offset))
    }

    fileprivate init(from decoder: inout CBORDecoder, index: DotIndex) throws(WireError) {
        guard let dot = index.dot(try decoder.unsigned(), try decoder.unsigned()) else {
            throw decoder.failure(.invalid("a dot is not covered by a reference or by the log before the change"))
        }
        self.init(dot: dot, offset: try decoder.number32())
    }
}

extension TextEffect.Deletion {
    fileprivate var isValid: Bool { count > 0 && end <= 1 << 32 }

    /// Whether another deletion comes after this one and does not touch it.
    fileprivate func isApart(from next: Self) -> Bool {
        first.dot == next.first.dot ? end < UInt64(next.first.offset) : first.dot < next.first.dot
    }
}

extension CBORDecoder {
    fileprivate mutating func number32() throws(WireError) -> UInt32 {
        guard let number = UInt32(exactly: try unsigned()) else { throw failure(.outOfRange) }
        return number
    }
}
