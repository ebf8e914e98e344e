import Foundation

/// A text as searching compares it: words in a form without case, accents and width, one space between two of them.
///
/// Folding is Unicode's compatibility decomposition (UAX #15, NFKD) and lower case, without the combining marks of European
/// scripts, and with letters that Unicode does not decompose brought to those that people type instead: `Ł` to `l`, `ß` to
/// `ss`. Voicing marks of kana and vowel signs of other scripts stay, because they make another word. Whatever is neither
/// letter, digit nor mark separates words.
struct FoldedText {
    private(set) var scalars: [Unicode.Scalar] = []
    /// For each scalar, where the character begins that it comes from. Empty unless asked for.
    private(set) var sources: [String.Index] = []

    /// - Parameter keepsSources: whether ``sources`` is filled.
    init(_ text: String, keepsSources: Bool = false, folding: inout ScalarFolding) {
        scalars.reserveCapacity(text.utf8.count)
        var isBetweenWords = true
        let view = text.unicodeScalars
        for index in view.indices {
            folding.forEach(of: view[index]) { scalar in
                if scalar == Self.separator {
                    isBetweenWords = true
                    return
                }
                if isBetweenWords, !scalars.isEmpty {
                    scalars.append(Self.separator)
                    if keepsSources { sources.append(index) }
                }
                isBetweenWords = false
                scalars.append(scalar)
                if keepsSources { sources.append(index) }
            }
        }
    }

    /// Stands between two words.
    static let separator: Unicode.Scalar = " "

    var words: [ArraySlice<Unicode.Scalar>] { scalars.split(separator: Self.separator) }
}

/// How single scalars are folded; remembers what it has looked up.
struct ScalarFolding {
    private var known: [Unicode.Scalar: [Unicode.Scalar]] = [:]

    /// Calls `body` with what a scalar becomes: nothing, a letter or several, or the separator.
    mutating func forEach(of scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Void) {
        if scalar.isASCII {
            body(Self.ascii(scalar))
        } else if let folded = known[scalar] {
            folded.forEach(body)
        } else {
            let folded = Self.fold(scalar)
            known[scalar] = folded
            folded.forEach(body)
        }
    }

    private static func ascii(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "a"..."z", "0"..."9": scalar
        case "A"..."Z": Unicode.Scalar(UInt8(scalar.value) + 32)
        default: FoldedText.separator
        }
    }

    private static func fold(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        String(scalar).decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars.flatMap { part in
            if let letters = letters[part] { return Array(letters.unicodeScalars) }
            if combiningMarks.contains(part) { return [] }
            return [isWordPart(part) ? part : FoldedText.separator]
        }
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isAlphabetic || scalar.properties.numericType != nil { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: return true
        default: return false
        }
    }

    /// The block “Combining Diacritical Marks”.
    private static let combiningMarks: ClosedRange<Unicode.Scalar> = "\u{300}"..."\u{36F}"

    /// Letters that have no decomposition.
    private static let letters: [Unicode.Scalar: String] = [
        "ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
        "ŋ": "n", "ŧ": "t",
    ]
}
