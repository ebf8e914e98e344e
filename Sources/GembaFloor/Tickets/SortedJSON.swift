import Foundation

/// JSON objects whose values are texts or lists of texts, written in one way only.
enum SortedJSON {
    /// The object, with a single text for a list of one.
    static func object(_ members: [String: [String]]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts always encode; there is nothing in them that JSON could not hold.
        let data = (try? encoder.encode(members.mapValues(Texts.init))) ?? Data("{}".utf8)
        return String(decoding: data, as: UTF8.self)
    }

    /// The members of an object; none when the text is not one.
    static func read(_ text: String) -> [String: [String]] {
        let object = try? JSONDecoder().decode([String: Texts].self, from: Data(text.utf8))
        return object?.mapValues(\.texts) ?? [:]
    }

    /// The texts of an array, as set columns show them; none when the text is not one.
    static func texts(_ array: String) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(array.utf8))) ?? []
    }

    private struct Texts: Codable {
        var texts: [String]

        init(_ texts: [String]) { self.texts = texts }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            texts = try (try? container.decode(String.self)).map { [$0] } ?? container.decode([String].self)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if texts.count == 1 { try container.encode(texts[0]) } else { try container.encode(texts) }
        }
    }
}
