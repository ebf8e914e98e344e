import Foundation

/// The figures of an earlier run, as `--json` printed them.
struct Record {
    private let lines: [Report.Line]

    init(contentsOf path: String) throws {
        lines = try JSONDecoder().decode([Report.Line].self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// How far beyond the recorded spread a figure may lie: two runs of the same program differ by that.
    private static let allowance = 1.03

    /// The figures that got worse: those of which even the better quartile is beyond the worse one recorded.
    func regressions(in report: Report) -> [String] {
        let recorded = Dictionary(lines.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return report.rows.compactMap { row in
            guard let former = recorded[row.line.name], let best = row.line.spread.first,
                let worst = former.spread.last, best > worst * Self.allowance
            else { return nil }
            return "\(row.line.name): \(row.line.ratio) (\(best) at best), was \(former.ratio) (\(worst) at worst)"
        }
    }
}
