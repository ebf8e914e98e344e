import Foundation
import GembaCausality
import GembaWire

/// The JSON text (RFC 8259) in which set columns are projected, so that SQL reads them with `json_each`.
enum JSON {
    static func array(_ values: [Value]) -> String {
        "[" + values.map(text).joined(separator: ",") + "]"
    }

    /// The elements of an array that ``array(_:)`` wrote; bytes come back as the text that they were shown as.
    static func elements(of text: String) -> [Value] {
        if text == "[]" { return [] }
        return (try? JSONDecoder().decode([Element].self, from: Data(text.utf8)))?.map(\.value) ?? []
    }

    private struct Element: Decodable {
        let value: Value

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int64.self) {
                value = .integer(number)
            } else if let number = try? container.decode(Double.self) {
                value = .real(number)
            } else if let text = try? container.decode(String.self) {
                value = .text(text)
            } else {
                value = .null
            }
        }
    }

    static func object(_ members: [(name: String, value: Value)]) -> String {
        "{" + members.map { string($0.name) + ":" + text($0.value) }.joined(separator: ",") + "}"
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): String(number)
        case .real(let number): "\(number)"
        case .text(let text): string(text)
        case .blob(let bytes): string(Hexadecimal.encode(bytes))
        }
    }

    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}":
                let hexadecimal = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
