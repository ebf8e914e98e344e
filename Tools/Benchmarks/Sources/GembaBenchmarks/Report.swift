import Foundation

/// Times of one kind of work, in seconds, one for each repetition.
struct Series {
    private(set) var seconds: [Double] = []

    @discardableResult
    mutating func time<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { seconds.append(start.duration(to: .now) / .seconds(1)) }
        return try body()
    }

    /// Takes a time that was measured elsewhere.
    mutating func add(_ seconds: Double) { self.seconds.append(seconds) }

    var median: Double { quantile(0.5) }

    func quantile(_ share: Double) -> Double {
        let sorted = seconds.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}

/// What was measured, each as a ratio to a baseline of the same run.
struct Report {
    struct Line: Codable {
        var name: String
        /// Median over the baseline's median, or the median itself where there is no baseline.
        var ratio: Double
        /// The quartiles of the same.
        var spread: [Double]
        var goal: Double
    }

    private struct Row {
        var line: Line
        var baseline: String
        var baselineMedian: Double?
    }

    private var rows: [Row] = []
    private var notes: [String] = []

    mutating func add(
        _ name: String, _ series: Series, over baseline: Series, called baselineName: String, goal: Double
    ) {
        let base = baseline.median
        let line = Line(
            name: name, ratio: series.median / base,
            spread: [series.quantile(0.25) / base, series.quantile(0.75) / base], goal: goal)
        rows.append(Row(line: line, baseline: baselineName, baselineMedian: base))
    }

    /// Adds times in milliseconds, of which the goal is a number too.
    mutating func add(_ name: String, _ series: Series, goal: Double) {
        let spread = [series.quantile(0.25) * 1000, series.quantile(0.75) * 1000]
        let line = Line(name: name, ratio: series.median * 1000, spread: spread, goal: goal)
        rows.append(Row(line: line, baseline: "none", baselineMedian: nil))
    }

    /// Adds a number that does not vary.
    mutating func add(_ name: String, value: Double, goal: Double) {
        let line = Line(name: name, ratio: value, spread: [value, value], goal: goal)
        rows.append(Row(line: line, baseline: "none", baselineMedian: nil))
    }

    /// Says what was not measured.
    mutating func note(_ text: String) { notes.append(text) }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(rows.map(\.line)), as: UTF8.self)
    }

    func table() -> String {
        let header = ["work", "ratio", "quartiles", "goal", "baseline"]
        let cells = rows.map { row in
            [
                row.line.name, Self.format(row.line.ratio), row.line.spread.map(Self.format).joined(separator: "–"),
                Self.format(row.line.goal),
                row.baselineMedian.map { "\(row.baseline), \(Int(($0 * 1_000_000).rounded())) µs" } ?? row.baseline,
            ]
        }
        let widths = header.indices.map { column in ([header] + cells).map { $0[column].count }.max() ?? 0 }
        let lines = ([header] + cells).map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
        }
        return ([Machine.description] + lines + notes).joined(separator: "\n")
    }

    private static func format(_ number: Double) -> String { String(format: "%.2f", number) }
}
