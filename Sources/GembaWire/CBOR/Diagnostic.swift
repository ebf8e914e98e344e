internal import GembaCausality

/// Shows encoded structures to people.
public enum Diagnostic {
    /// The diagnostic notation (RFC 8949, section 8) of one encoded item.
    ///
    /// Bytes that Gemba refuses are shown as far as they can be read, then the fault stands in a comment. Text comes
    /// from strangers: characters that a terminal acts on, or that turn the direction of writing, are escaped.
    public static func notation(of bytes: [UInt8]) -> String {
        var writer = NotationWriter(bytes)
        return writer.write()
    }
}

/// Reads items and appends their notation, without holding more than the decoder's position.
private struct NotationWriter {
    private var decoder: CBORDecoder
    private var text = ""

    init(_ bytes: [UInt8]) {
        decoder = CBORDecoder(bytes)
    }

    mutating func write() -> String {
        let fault = self.fault
        try? item(depth: 0)
        if let fault { text += text.isEmpty ? "/ \(fault) /" : " / \(fault) /" }
        return text
    }

    /// What the decoder refuses in the whole item; reading it piece by piece for display finds less.
    private var fault: WireError? {
        var decoder = decoder
        do throws(WireError) {
            _ = try decoder.skipItem()
            try decoder.finish()
            return nil
        } catch {
            return error
        }
    }

    private mutating func item(depth: Int) throws(WireError) {
        let initial = try decoder.initialByte()
        switch try decoder.nextType() {
        case .unsigned: text += "\(try decoder.argument(following: initial))"
        case .negative: text += Self.negative(try decoder.argument(following: initial))
        case .byteString: text += Self.quoted(bytes: try decoder.byteString())
        case .text: text += Self.quoted(text: try decoder.text())
        case .array:
            let count = try decoder.array()
            try sequence(count, between: ("[", "]"), depth: depth) { (writer, depth) throws(WireError) in
                try writer.item(depth: depth)
            }
        case .map:
            let count = try decoder.map()
            try sequence(count, between: ("{", "}"), depth: depth) { (writer, depth) throws(WireError) in
                try writer.item(depth: depth)
                writer.text += ": "
                try writer.item(depth: depth)
            }
        case .tag: throw decoder.failure(.wrongType)
        case .simple: try simple(initial)
        }
    }

    private mutating func sequence(
        _ count: Int, between brackets: (String, String), depth: Int,
        element: (inout NotationWriter, Int) throws(WireError) -> Void
    ) throws(WireError) {
        guard depth < Limits.nesting else { throw decoder.failure(.tooDeep) }
        text += brackets.0
        for index in 0..<count {
            if index > 0 { text += ", " }
            try element(&self, depth + 1)
        }
        text += brackets.1
    }

    private mutating func simple(_ initial: UInt8) throws(WireError) {
        switch initial {
        case 0xF4: text += "false"
        case 0xF5: text += "true"
        case 0xF6: text += "null"
        default:
            text += "\(try decoder.real())"
            return
        }
        try decoder.advance(1)
    }

    /// -1 - `argument`, which can lie below what 64 bits hold.
    private static func negative(_ argument: UInt64) -> String {
        "-\(UInt128(argument) + 1)"
    }

    private static func quoted(bytes: ArraySlice<UInt8>) -> String {
        "h'\(Hexadecimal.encode(bytes))'"
    }

    private static func quoted(text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default: quoted += isSafe(scalar) ? String(scalar) : escaped(scalar)
            }
        }
        return quoted + "\""
    }

    private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
        default: true
        }
    }

    /// UTF-16 units as JSON escapes them.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
