/// Texts of a shop floor, made from syllables.
enum Words {
    private static let words: [String] = {
        let starts = ["pr", "st", "l", "sc", "d", "k", "m", "tr", "b", "f", "gr", "n", "s", "v", "w", "ch"]
        let middles = ["ess", "ill", "abel", "ann", "isk", "able", "ock", "ain", "otor", "ift", "int", "und"]
        let ends = ["", "er", "ing", "ed", "s"]
        return starts.flatMap { start in middles.flatMap { middle in ends.map { start + middle + $0 } } }
    }()

    /// Words and now and then a number, cut at a length in bytes.
    static func text(ofLength length: Int, _ generator: inout some RandomNumberGenerator) -> String {
        var text = ""
        while text.utf8.count < length {
            // Common words are more common than others, as in any language.
            let rank = min(generator.next() % UInt64(words.count), generator.next() % UInt64(words.count))
            text += words[Int(rank)]
            text += generator.next().isMultiple(of: 9) ? " \(generator.next() % 1000) " : " "
        }
        return String(text.prefix(length))
    }
}
