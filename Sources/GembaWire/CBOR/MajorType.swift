/// The major types of RFC 8949, section 3.1: the upper three bits of an item's first byte.
public enum MajorType: UInt8, Sendable {
    /// An integer of at least 0.
    case unsigned = 0
    /// An integer of at most -1.
    case negative = 1
    /// Uninterpreted bytes.
    case byteString = 2
    /// UTF-8.
    case text = 3
    /// A counted sequence of items.
    case array = 4
    /// A counted sequence of pairs of items.
    case map = 5
    /// A tagged item; Gemba uses none.
    case tag = 6
    /// Simple values and floating-point numbers.
    case simple = 7
}
