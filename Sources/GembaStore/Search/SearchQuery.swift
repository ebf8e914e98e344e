/// What somebody typed to find something.
///
/// Pieces between spaces must all occur, in any order and column; a piece in quotation marks, or one such as `L3-PRN2`, occurs
/// as it stands. Nothing else has a meaning, so every text is a query.
public struct SearchQuery: Hashable, Sendable {
    /// The folded words of each piece, as one text.
    public let pieces: [String]

    /// Reads a text.
    public init(_ text: String) {
        var folding = ScalarFolding()
        pieces = Self.split(text).map { piece in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: FoldedText(piece, folding: &folding).scalars)
            return String(text)
        }.filter { !$0.isEmpty }
    }

    init(pieces: [String]) { self.pieces = pieces }

    /// Whether there is nothing to look for.
    public var isEmpty: Bool { pieces.isEmpty }

    /// A query for each piece alone.
    public var parts: [SearchQuery] { pieces.map { SearchQuery(pieces: [$0]) } }

    /// The query for SQLite's FTS5 over a column of ``SearchGrams``.
    var expression: String {
        pieces.map { piece in
            SearchGrams.expression(for: Array(piece.unicodeScalars).split(separator: FoldedText.separator))
        }.joined(separator: " AND ")
    }

    private static let quotationMarks: Set<Character> = ["\"", "“", "”", "„", "«", "»", "「", "」"]

    private static func split(_ text: String) -> [String] {
        var pieces = [""]
        var isQuoted = false
        for character in text {
            if quotationMarks.contains(character) {
                isQuoted.toggle()
                pieces.append("")
            } else if character.isWhitespace, !isQuoted {
                pieces.append("")
            } else {
                pieces[pieces.count - 1].append(character)
            }
        }
        return pieces
    }
}
