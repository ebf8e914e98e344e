/// Rows of text in columns, for people.
public struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    /// Creates a table with the names of its columns.
    public init(_ header: String...) { self.header = header }

    /// Adds a row with a cell for each column.
    public mutating func add(_ cells: String...) {
        precondition(cells.count == header.count, "\(cells.count) cells for \(header.count) columns")
        rows.append(cells.map(Self.oneLine))
    }

    /// Whether there are no rows.
    public var isEmpty: Bool { rows.isEmpty }

    /// Prints the table on standard output.
    public func print() {
        var widths = header.map(\.count)
        for row in rows { widths = zip(widths, row).map { max($0, $1.count) } }
        Swift.print(Terminal.dim(Self.line(header, widths)))
        for row in rows { Swift.print(Self.line(row, widths)) }
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            line += cell
            guard index < cells.count - 1 else { break }
            line += String(repeating: " ", count: widths[index] - cell.count + 2)
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// What others wrote may hold line breaks and control characters; in a list it stays on its line.
    private static func oneLine(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Character in
            scalar.properties.generalCategory == .control ? " " : Character(scalar)
        }
        return String(scalars)
    }
}
