extension TextEdit {
    /// The edit that makes one text of another.
    ///
    /// Texts are compared by words, as people change them: an edit of letters that two words happen to share would tear
    /// both apart where somebody else edits them too. Within the words that differ, a common beginning and end stay.
    ///
    /// Source: Myers, "An O(ND) Difference Algorithm and Its Variations" (Algorithmica 1, 1986), as the standard library
    /// implements it. Where two texts have little in common, what differs is replaced as a whole.
    public init(from old: String, to new: String) {
        self.init()
        var before = Self.words(of: old)[...]
        var after = Self.words(of: new)[...]
        var prefix = 0
        while let word = before.first, word == after.first {
            prefix += word.count
            before.removeFirst()
            after.removeFirst()
        }
        while let word = before.last, word == after.last {
            before.removeLast()
            after.removeLast()
        }
        keep(prefix)
        if before.count * after.count > Self.greatestComparison {
            replace(before, with: after)
        } else {
            append(difference: Array(after).difference(from: Array(before)), of: before, and: after)
        }
        finish()
    }

    /// Pairs of words, which bound the time of a comparison to some milliseconds.
    private static let greatestComparison = 4_000_000

    /// A word, or what stands between words, by its scalars: `String` would hold different ones equal.
    private typealias Word = [Unicode.Scalar]

    private static func words(of text: String) -> [Word] {
        var words: [Word] = []
        var wasLetter = false
        for scalar in text.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            if isLetter, wasLetter {
                words[words.count - 1].append(scalar)
            } else {
                words.append([scalar])
            }
            wasLetter = isLetter
        }
        return words
    }

    private mutating func append(
        difference: CollectionDifference<Word>, of before: ArraySlice<Word>, and after: ArraySlice<Word>
    ) {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(before.startIndex + offset)
            case .insert(let offset, _, _): inserted.insert(after.startIndex + offset)
            }
        }
        var (old, new) = (before.startIndex, after.startIndex)
        while old < before.endIndex || new < after.endIndex {
            let (firstOld, firstNew) = (old, new)
            while removed.contains(old) { old += 1 }
            while inserted.contains(new) { new += 1 }
            replace(before[firstOld..<old], with: after[firstNew..<new])
            if old < before.endIndex {
                keep(before[old].count)
                old += 1
                new += 1
            }
        }
    }

    /// Removes words and inserts others in their place, but for the letters with which both begin and end.
    private mutating func replace(_ before: ArraySlice<Word>, with after: ArraySlice<Word>) {
        var old = Array(before.joined())[...]
        var new = Array(after.joined())[...]
        var (prefix, suffix) = (0, 0)
        while let scalar = old.first, scalar == new.first {
            prefix += 1
            old.removeFirst()
            new.removeFirst()
        }
        while let scalar = old.last, scalar == new.last {
            suffix += 1
            old.removeLast()
            new.removeLast()
        }
        keep(prefix)
        var text = String.UnicodeScalarView()
        text.append(contentsOf: new)
        insert(String(text))
        remove(old.count)
        keep(suffix)
    }
}

extension TextEdit {
    /// Applies another edit after this one, so that both are one.
    public mutating func append(_ next: TextEdit) {
        var position = 0
        for step in next.steps {
            switch step {
            case .keep(let count): position += count
            case .insert(let text):
                replace(position..<position, with: text)
                position += text.unicodeScalars.count
            case .remove(let count): replace(position..<position + count, with: "")
            }
        }
    }
}
