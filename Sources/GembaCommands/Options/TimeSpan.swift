public import ArgumentParser

/// A length of time as people type it: `90s`, `30m`, `24h`, `7d`.
public struct TimeSpan: ExpressibleByArgument, Hashable, Sendable, CustomStringConvertible {
    /// The length in seconds.
    public let seconds: UInt64

    private static let units: [(letter: Character, seconds: UInt64, name: String)] = [
        ("d", 86_400, "day"), ("h", 3600, "hour"), ("m", 60, "minute"), ("s", 1, "second"),
    ]
    /// Longer than anything that is waited for, and short enough for sums.
    private static let maximum: UInt64 = 10 * 365 * 86_400

    /// Creates a span of seconds.
    public init(seconds: UInt64) { self.seconds = seconds }

    /// Reads a count and a unit; without a unit the count is in seconds.
    public init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = argument.dropFirst(digits.count)
        guard let count = UInt64(digits) else { return nil }
        guard let factor = unit.isEmpty ? 1 : Self.units.first(where: { String($0.letter) == unit })?.seconds else {
            return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, product > 0, product <= Self.maximum else { return nil }
        seconds = product
    }

    /// The same length.
    public var duration: Duration { .seconds(Int64(seconds)) }

    /// The length in words, in the greatest unit that fits evenly.
    public var description: String {
        let unit = Self.units.first { seconds % $0.seconds == 0 } ?? Self.units[Self.units.count - 1]
        let count = seconds / unit.seconds
        return "\(count) \(unit.name)\(count == 1 ? "" : "s")"
    }
}
