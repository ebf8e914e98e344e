public import GembaCausality

/// A row in which something was found.
public struct SearchHit: Hashable, Sendable {
    /// The row.
    public var row: RowID
    /// How well it fits; the greater the better. Comparable within one answer only.
    public var score: Double
    /// Where in its columns, in the order in which the schema lists them.
    public var excerpts: [Excerpt]

    /// A part of a column's text around what was found there.
    public struct Excerpt: Hashable, Sendable {
        /// The name of the column.
        public var column: String
        /// The part, with an ellipsis where the text goes on.
        public var text: String
        /// What was found in it.
        public var matches: [Range<String.Index>]

        /// The text with what was found between two marks.
        public func marked(_ opening: String = "[", _ closing: String = "]") -> String {
            var marked = ""
            var end = text.startIndex
            for match in matches {
                marked += text[end..<match.lowerBound] + opening + text[match] + closing
                end = match.upperBound
            }
            return marked + text[end...]
        }
    }
}

extension SearchHit.Excerpt {
    /// Characters of a text that are shown before the first match, and in all.
    private static let lead = 24
    private static let width = 96

    /// The part of a text around what a query finds in it; nil when that is nothing.
    init?(_ text: String, of column: String, for query: SearchQuery) {
        let found = Self.matches(of: query, in: text)
        guard let first = found.first else { return nil }
        let start = text.index(first.lowerBound, offsetBy: -Self.lead, limitedBy: text.startIndex) ?? text.startIndex
        let end = text.index(start, offsetBy: Self.width, limitedBy: text.endIndex) ?? text.endIndex
        var part = start == text.startIndex ? "" : "…"
        var matches: [Range<String.Index>] = []
        var copied = start
        for match in found where match.upperBound <= end {
            part += text[copied..<match.lowerBound]
            let from = part.utf8.count
            part += text[match]
            let range = part.utf8.index(part.startIndex, offsetBy: from)..<part.endIndex
            matches.append(range)
            copied = match.upperBound
        }
        part += text[copied..<max(copied, end)]
        if max(copied, end) < text.endIndex { part += "…" }
        self.init(column: column, text: part, matches: matches)
    }

    /// Where a query's pieces stand in a text, without overlaps.
    private static func matches(of query: SearchQuery, in text: String) -> [Range<String.Index>] {
        var folding = ScalarFolding()
        let folded = FoldedText(text, keepsSources: true, folding: &folding)
        var found: [Range<String.Index>] = []
        for piece in query.pieces {
            let wanted = Array(piece.unicodeScalars)
            for place in folded.scalars.ranges(of: wanted) {
                let last = folded.sources[place.upperBound - 1]
                found.append(folded.sources[place.lowerBound]..<text.unicodeScalars.index(after: last))
            }
        }
        var matches: [Range<String.Index>] = []
        for match in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = matches.last, last.upperBound > match.lowerBound { continue }
            matches.append(Self.wholeCharacters(match, in: text))
        }
        return matches
    }

    /// A scalar may be part of a character only.
    private static func wholeCharacters(_ range: Range<String.Index>, in text: String) -> Range<String.Index> {
        // Steps round an index down to the character that it lies in.
        let start = text.index(before: text.index(after: range.lowerBound))
        return start..<text.index(after: text.unicodeScalars.index(before: range.upperBound))
    }
}
