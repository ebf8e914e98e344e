/// One number that is measured, and what it is to be. Smaller is better for all of them.
struct Figure: Sendable {
    /// Names it in reports and options.
    let name: String
    /// What it should not exceed.
    let goal: Double
    let unit: Unit
    /// What it says, in a line.
    let meaning: String

    enum Unit: String, Sendable {
        /// Ours over the baseline's, of the same run.
        case ratio = ""
        case bytes = "B"
        case kilobytes = "kB"
        case microseconds = "µs"
        case milliseconds = "ms"
        case mebibytes = "MiB"
    }

    init(_ name: String, goal: Double, unit: Unit = .ratio, _ meaning: String) {
        self.name = name
        self.goal = goal
        self.unit = unit
        self.meaning = meaning
    }
}

/// Figures that are measured together, because they share what takes long to prepare.
protocol Measurement {
    /// What it adds to a report.
    static var figures: [Figure] { get }

    init()

    /// Measures at least what the bench wants of its figures.
    mutating func run(on bench: Bench) async throws
}
