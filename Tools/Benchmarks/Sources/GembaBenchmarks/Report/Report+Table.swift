import Foundation

extension Report {
    /// The figures for people, with the machine on which they were measured.
    func table() -> String {
        let header = ["figure", "", "quartiles", "goal", "", "against"]
        var cells = [header]
        for row in rows {
            let unit = row.unit.rawValue.isEmpty ? "" : " \(row.unit.rawValue)"
            cells.append([
                row.line.name, Self.format(row.line.ratio) + unit,
                row.line.spread.map(Self.format).joined(separator: "–"),
                Self.format(row.line.goal), row.line.ratio <= row.line.goal ? "" : "missed", row.remark,
            ])
            cells += row.others.map { ["  \($0.name)", Self.format($0.ratio), "", "", "", ""] }
        }
        let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let lines = cells.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
                .trimmingSuffix(while: \.isWhitespace)
        }
        return ([Machine.description] + lines.map(String.init) + notes).joined(separator: "\n")
    }

    private static func format(_ number: Double) -> String {
        String(format: number < 10 ? "%.2f" : number < 1000 ? "%.1f" : "%.0f", number)
    }
}

extension String {
    fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, condition(last) { rest.removeLast() }
        return rest
    }
}
