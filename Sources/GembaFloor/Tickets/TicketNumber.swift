/// What people call a ticket, on paper and over the radio.
///
/// A station mints its numbers itself, so that it needs nobody to report: its code, and a count of its own. A ticket
/// from another system keeps the name that people there know it by.
///
/// Two tickets may be given one number, though rarely: when a station's disk is cloned, when it is set back to an old
/// backup and the tickets of the time between come back from its peers, or when two stations are given one code. No
/// number is taken back for that, since it may be on paper already. All replicas see the double as soon as both tickets
/// arrive, and tell the tickets apart by a letter after the number: `L3-0107a` for the one that was created first,
/// `L3-0107b` for the next. The letter belongs to the display and is stored nowhere. Asking for `L3-0107` then names
/// both instead of guessing.
public enum TicketNumber: Hashable, Sendable {
    /// Minted at a station of this plant.
    case minted(station: String, count: Int64)
    /// Given by another system.
    case foreign(String)

    /// The number as it is written, without a letter for doubles.
    public var text: String {
        switch self {
        case .minted(let station, let count):
            let digits = String(count)
            return station + "-" + String(repeating: "0", count: max(0, Self.leastDigits - digits.count)) + digits
        case .foreign(let name): return name
        }
    }

    /// The fewest digits that a count is written with; people read numbers of one length more reliably.
    public static let leastDigits = 4

    /// The letter after the number of one among several tickets that share it: a, b, c … z, then aa, ab, and so on.
    public static func letter(of index: Int) -> String {
        precondition(index >= 0, "an index counts from 0, not \(index)")
        let last = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index % 26)))
        return index < 26 ? last : letter(of: index / 26 - 1) + last
    }
}

extension TicketNumber {
    /// A minted number as a person typed it: in any case, with or without leading zeros, with or without a letter.
    ///
    /// What is typed may as well be another system's name for a ticket or the beginning of an id, so failing to be a
    /// number is nothing wrong.
    public struct Typed: Hashable, Sendable {
        /// The station's code in upper case.
        public var station: String
        /// The station's count.
        public var count: Int64
        /// Which of several tickets with this number, counted from 0; nil when no letter was typed.
        public var index: Int?

        /// Reads `text`, or returns nil when it has not the form of a minted number.
        public init?(_ text: String) {
            guard let dash = text.lastIndex(of: "-"), dash != text.startIndex else { return nil }
            let tail = text[text.index(after: dash)...]
            let digits = tail.prefix { $0.isASCII && $0.isNumber }
            let letters = tail.dropFirst(digits.count).lowercased()
            guard let count = Int64(digits), letters.allSatisfy({ ("a"..."z").contains($0) }), letters.count <= 3 else {
                return nil
            }
            station = text[..<dash].uppercased()
            self.count = count
            let value = letters.utf8.reduce(0) { $0 * 26 + Int($1 - UInt8(ascii: "a")) + 1 }
            index = letters.isEmpty ? nil : value - 1
        }
    }
}
