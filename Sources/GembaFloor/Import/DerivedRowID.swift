internal import Crypto
public import GembaCausality

extension RowID {
    /// The identity of a row that stands for something in another system: the same at every station and every time.
    ///
    /// Two stations that import one file thereby make one row, and importing it again makes none. It is a UUID of
    /// version 8 (RFC 9562, section 5.8): the first 16 bytes of the SHA-256 of the domain and of each part, its length
    /// in UTF-8 bytes first (8 bytes, most significant first), with version and variant written over them. Different
    /// lists of parts therefore never have the same input.
    ///
    /// - Parameter parts: the system's name, then what names the thing there.
    public static func derived(from parts: String...) -> RowID { derived(from: parts) }

    /// The same for a list of parts.
    public static func derived(from parts: [String]) -> RowID {
        var hash = SHA256()
        hash.update(data: Array("gemba/derived-row/1".utf8))
        for part in parts {
            hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: UInt64(part.utf8.count) >> (56 - 8 * $0)) })
            hash.update(data: Array(part.utf8))
        }
        let first = hash.finalize().prefix(RowID.byteCount).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        let version: UInt128 = 0x8 << 76
        let variant: UInt128 = 0x2 << 62
        return RowID(rawValue: first & ~(0xF << 76) & ~(0x3 << 62) | version | variant)
    }
}
