/// What the index holds of a text: for every letter, it and up to two more of its word.
///
/// Every piece of a word with at most three letters begins one of these, and every longer piece is a row of them. So
/// pieces are found wherever they stand, as `drucker` is in `Etikettendrucker`, in any script and without knowing where words
/// end in it, as in 印刷停止.
enum SearchGrams {
    static let length = 3

    /// The grams of a text, a space between two of them.
    static func text(of folded: FoldedText) -> String {
        var text = String.UnicodeScalarView()
        for word in folded.words { append(word, to: &text) }
        return String(text)
    }

    private static func append(_ word: ArraySlice<Unicode.Scalar>, to text: inout String.UnicodeScalarView) {
        for start in word.indices {
            text.append(contentsOf: word[start..<min(start + length, word.endIndex)])
            text.append(FoldedText.separator)
        }
    }

    /// The FTS5 expression that finds words one after another, of which the first may begin and the last may end inside one.
    static func expression(for words: [ArraySlice<Unicode.Scalar>]) -> String {
        var phrase = String.UnicodeScalarView()
        for word in words.dropLast() { append(word, to: &phrase) }
        guard let last = words.last else { return "" }
        if last.count < length {
            // A piece that short is the beginning of grams.
            phrase.append(contentsOf: last)
            return "\"\(String(phrase))\" *"
        }
        for start in last.startIndex...last.endIndex - length {
            phrase.append(contentsOf: last[start..<start + length])
            phrase.append(FoldedText.separator)
        }
        return "\"\(String(phrase))\""
    }
}
