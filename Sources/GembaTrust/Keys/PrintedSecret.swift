internal import Crypto

/// Text that a person can copy: a prefix that says what it is and in which version, then base 32 (RFC 4648, section 6,
/// in lower case and without padding) of a payload and a checksum over both.
///
/// The checksum, the first four bytes of a SHA-256, lets all but one in four thousand million mistakes pass as what
/// they are: a mistake in copying, and not an invitation or key of somebody else.
struct PrintedSecret {
    /// What stands before the base-32 text, such as `gemba1-`.
    let prefix: String
    /// What the text is, for errors: "invitation".
    let noun: String

    private static let checksumBytes = 4
    /// No printed text comes near this; it bounds the work that a wrong file causes.
    private static let maximumCharacters = 16 << 10

    func print(_ payload: [UInt8]) -> String {
        prefix + Base32.encode(payload + checksum(of: payload))
    }

    /// The payload of a text, with white space around it removed and in either case.
    func parse(_ text: String) throws(TrustError) -> [UInt8] {
        guard text.utf8.count <= Self.maximumCharacters else {
            throw malformed("it is far too long")
        }
        let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let leading = text.utf8.drop { whiteSpace.contains($0) }
        let word = String(Substring(leading)).lowercasedASCII
            .droppingLast { whiteSpace.contains($0) }
        guard word.starts(with: prefix.utf8) else {
            throw malformed("it does not begin with \"\(prefix)\"")
        }
        let characters = word.dropFirst(prefix.utf8.count)
        if let index = characters.firstIndex(where: { Base32.value(of: $0) == nil }) {
            let position = index - word.startIndex + 1
            throw malformed("character \(position) is none of a to z and 2 to 7")
        }
        guard let bytes = Base32.decode(characters), bytes.count > Self.checksumBytes else {
            throw malformed("a part is missing")
        }
        let payload = Array(bytes.dropLast(Self.checksumBytes))
        guard checksum(of: payload).elementsEqual(bytes.suffix(Self.checksumBytes)) else {
            throw malformed("its checksum does not fit, so a character is wrong or missing")
        }
        return payload
    }

    func malformed(_ reason: String, cause: (any Error)? = nil) -> TrustError {
        TrustError(
            .malformedText, "This is not a complete \(noun): \(reason). Copy the whole text again.", cause: cause)
    }

    private func checksum(of payload: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array(prefix.utf8) + payload).prefix(Self.checksumBytes))
    }
}

extension String {
    /// The UTF-8 bytes with A to Z in lower case.
    fileprivate var lowercasedASCII: [UInt8] {
        utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}

extension Array {
    fileprivate func droppingLast(while predicate: (Element) -> Bool) -> [Element] {
        var result = self
        while let last = result.last, predicate(last) { result.removeLast() }
        return result
    }
}

/// Base 32 with the alphabet of RFC 4648, section 6, in lower case, without padding. Every byte string has one text.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + 4) / 5)
        var pending: UInt32 = 0
        var bits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(pending >> UInt32(bits)) & 31])
            }
        }
        if bits > 0 { text.append(alphabet[Int(pending << UInt32(5 - bits)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text, or nil when it has another character, a length that no bytes have, or bits left over.
    static func decode(_ characters: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var bits = 0
        for character in characters {
            guard let value = value(of: character) else { return nil }
            pending = (pending << 5 | UInt32(value)) & 0xFFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        guard bits < 5, pending & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }

    static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a")
        case UInt8(ascii: "2")...UInt8(ascii: "7"): character - UInt8(ascii: "2") + 26
        default: nil
        }
    }
}
