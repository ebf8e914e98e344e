import Foundation

/// What was measured.
struct Report {
    /// A figure as it is recorded. What is recorded is compared with later runs, so the names of the fields stay.
    struct Line: Codable {
        var name: String
        /// The median; over the baseline's median, where there is one.
        var ratio: Double
        /// The quartiles of the same.
        var spread: [Double]
        var goal: Double
    }

    /// A line with what only people read.
    struct Row {
        var line: Line
        var unit: Figure.Unit
        /// What the figure is a ratio to, or how it was measured.
        var remark: String
        /// The same work by others, as ratios to the same baseline.
        var others: [(name: String, ratio: Double)] = []
    }

    private(set) var rows: [Row] = []
    /// What was not measured, and why.
    private(set) var notes: [String] = []

    mutating func add(_ figure: Figure, _ values: Series, remark: String) {
        let line = Line(
            name: figure.name, ratio: values.median, spread: [values.quantile(0.25), values.quantile(0.75)],
            goal: figure.goal)
        rows.append(Row(line: line, unit: figure.unit, remark: remark))
    }

    /// Adds how others do what the last figure measures.
    mutating func compare(_ name: String, ratio: Double) {
        rows[rows.count - 1].others.append((name, ratio))
    }

    mutating func note(_ text: String) { notes.append(text) }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(rows.map(\.line)), as: UTF8.self)
    }
}
