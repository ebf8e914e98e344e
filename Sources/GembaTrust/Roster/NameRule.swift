internal import GembaCausality
internal import GembaWire

/// Which names a station or a plant may have: short, visible, and without characters that hide or reorder others.
///
/// The rule lists code points instead of asking for Unicode properties, because those change from version to version
/// and a name must be valid on every replica or on none.
public struct NameRule: Sendable {
    /// For stations: no spaces, because the name is the first part of ticket numbers and is read out over the radio.
    public static let station = NameRule(noun: "station", permitsSpaces: false)
    /// For plants: single words or several, separated by U+0020.
    public static let plant = NameRule(noun: "plant", permitsSpaces: true)

    private let noun: String
    private let permitsSpaces: Bool

    /// Code points that are invisible, blank, or change the direction or form of their neighbours.
    private static let forbidden: [ClosedRange<UInt32>] = [
        0x00...0x1F, 0x7F...0xA0, 0xAD...0xAD, 0x34F...0x34F, 0x61C...0x61C, 0x115F...0x1160, 0x1680...0x1680,
        0x17B4...0x17B5, 0x180B...0x180F, 0x2000...0x200F, 0x2028...0x202F, 0x205F...0x206F, 0x2800...0x2800,
        0x3000...0x3000, 0x3164...0x3164, 0xE000...0xF8FF, 0xFE00...0xFE0F, 0xFEFF...0xFEFF, 0xFFA0...0xFFA0,
        0xFFF0...0xFFFF, 0x1_D173...0x1_D17A, 0xE_0000...0x10_FFFF,
    ]

    /// Whether the rule permits a name: 1 to ``Limits/nameBytes`` bytes of UTF-8, no forbidden code point, and spaces
    /// only between other characters of a plant's name.
    public func permits(_ name: String) -> Bool {
        let scalars = name.unicodeScalars
        guard !scalars.isEmpty, name.utf8.count <= Limits.nameBytes, scalars.first != " ", scalars.last != " " else {
            return false
        }
        return scalars.allSatisfy { scalar in
            scalar == " " ? permitsSpaces : !Self.forbidden.contains { $0.contains(scalar.value) }
        }
    }

    /// Throws when the rule does not permit a name.
    public func check(_ name: String) throws(TrustError) {
        guard permits(name) else {
            throw TrustError(
                .invalidName,
                "This cannot be the name of a \(noun). Use 1 to \(Limits.nameBytes) bytes of visible characters"
                    + (permitsSpaces ? ", with spaces only between words." : " without spaces, such as PRESS-4."))
        }
    }
}
