public import ArgumentParser

/// A number of bytes as people type it: `500M`, `8G`; powers of 1,024.
public struct ByteSize: ExpressibleByArgument, Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int64

    private static let units: [(letter: Character, shift: Int64)] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)]

    /// Creates a size.
    public init(bytes: Int64) { self.bytes = bytes }

    /// Reads a count and a unit; without a unit the count is in bytes.
    public init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = argument.dropFirst(digits.count).uppercased()
        guard let count = Int64(digits), count > 0 else { return nil }
        guard let shift = unit.isEmpty ? 0 : Self.units.first(where: { String($0.letter) == unit })?.shift else {
            return nil
        }
        guard count <= Int64.max >> shift else { return nil }
        bytes = count << shift
    }

    /// The size in the greatest unit that fits evenly.
    public var description: String {
        guard let unit = Self.units.first(where: { bytes > 0 && bytes % (1 << $0.shift) == 0 }) else {
            return "\(bytes)"
        }
        return "\(bytes >> unit.shift)\(unit.letter)"
    }
}
