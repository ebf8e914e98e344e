import Foundation
import Gemba

/// Where measurements work and what they report to.
final class Bench {
    /// An empty folder, removed at the end.
    let folder: String
    private let wanted: Set<String>
    private(set) var report = Report()
    private var figures: [String: Figure] = [:]
    private var sharedLargeTable: LargeTable?

    /// - Parameter wanted: the names of the figures to measure.
    init(folder: String, wanted: Set<String>) {
        self.folder = folder
        self.wanted = wanted
    }

    /// Runs the measurements that have a wanted figure.
    func run(_ measurements: [any Measurement.Type]) async throws {
        for measurement in measurements {
            let names = measurement.figures.map(\.name).filter(wanted.contains)
            if names.isEmpty { continue }
            for figure in measurement.figures { figures[figure.name] = figure }
            Progress.note(names.joined(separator: ", "))
            var measuring = measurement.init()
            try await measuring.run(on: self)
        }
    }

    func wants(_ names: String...) -> Bool { !wanted.isDisjoint(with: names) }

    /// An empty folder for one purpose.
    func makeFolder(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Waits until the disk has what was prepared, so that what is measured next does not wait for that.
    func settle() { sync() }

    /// A million tickets, made once for all figures that need them.
    func largeTable() throws -> LargeTable {
        if let sharedLargeTable { return sharedLargeTable }
        let table = try LargeTable(in: makeFolder("large"))
        sharedLargeTable = table
        return table
    }

    // MARK: - Reporting

    /// Reports a figure, unless nobody asked for it.
    func add(_ name: String, _ values: Series, remark: String = "") {
        guard let figure = figures[name] else { preconditionFailure("figure \(name) is not declared") }
        if wanted.contains(name) { report.add(figure, values, remark: remark) }
    }

    /// Reports times over those of a baseline, unless nobody asked for it.
    func add(_ name: String, _ times: Series, over baseline: Series, of what: String = "plain SQLite") {
        guard wanted.contains(name) else { return }
        let microseconds = Int((baseline.median * 1_000_000).rounded())
        let unit = Stopwatch.countsProcessorTime ? "µs of processor time" : "µs"
        add(name, times.over(baseline.median), remark: "\(what), \(microseconds) \(unit)")
    }

    /// Reports how others do what the figure that was added last measures.
    func compare(_ name: String, with others: [(name: String, times: Series)], over baseline: Series) {
        guard wanted.contains(name) else { return }
        for other in others where !other.times.values.isEmpty {
            report.compare(other.name, ratio: other.times.median / baseline.median)
        }
    }

    /// Says what is not measured, and why.
    func note(_ text: String) { report.note(text) }
}
