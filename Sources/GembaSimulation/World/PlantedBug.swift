package import GembaStore

/// Bugs that a simulation plants to show that its checkers find them. Each is one that replication systems really had.
public struct PlantedBug: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// One bit for each bug.
    public let rawValue: UInt32

    /// Creates a set of bugs from bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A change is applied before what its author had seen.
    public static let deliversWithoutDeps = PlantedBug(rawValue: 1 << 0)
    /// What arrives a second time is merged a second time.
    public static let mergesDuplicates = PlantedBug(rawValue: 1 << 1)
    /// Of a change that touches several rows only the first is applied.
    public static let tearsChanges = PlantedBug(rawValue: 1 << 2)
    /// Among concurrent writes the one that arrived last is shown.
    public static let showsLatestArrival = PlantedBug(rawValue: 1 << 3)
    /// The side file is not looked at, so that a restored database goes on under its old name.
    public static let ignoresSideFile = PlantedBug(rawValue: 1 << 4)
    /// What was sent was not on disk, and is gone after a crash.
    public static let losesCommits = PlantedBug(rawValue: 1 << 5)

    /// A checkpoint takes the place of what was written here and not sent.
    public static let checkpointsForgetLocalWork = PlantedBug(rawValue: 1 << 6)

    /// Whoever takes a checkpoint never hears of what was deleted.
    public static let checkpointsDropDeletedRows = PlantedBug(rawValue: 1 << 7)

    /// What was written in ignorance of a drop is merged into the dropped row by whoever hears of it later.
    public static let editsDroppedRows = PlantedBug(rawValue: 1 << 8)
    /// Entries whose bodies came back stay in the order in which a checkpoint listed them, which is no causal one.
    public static let backfillKeepsOrder = PlantedBug(rawValue: 1 << 9)
    /// A row that a peer's change touched keeps one of several siblings.
    public static let losesSiblings = PlantedBug(rawValue: 1 << 10)
    /// What a former member wrote stays where it was held before the removal was known.
    public static let ignoresLateRemovals = PlantedBug(rawValue: 1 << 11)
    /// Of a former member nothing counts beyond the cut, not even what others built on.
    public static let voidsWhatOthersBuiltOn = PlantedBug(rawValue: 1 << 12)
    /// Of the halves of a forked log each replica calls the one that it met first by the log's name.
    public static let namesByArrival = PlantedBug(rawValue: 1 << 13)

    static let names: [(PlantedBug, String)] = [
        (.deliversWithoutDeps, "deliversWithoutDeps"), (.mergesDuplicates, "mergesDuplicates"),
        (.tearsChanges, "tearsChanges"), (.showsLatestArrival, "showsLatestArrival"),
        (.ignoresSideFile, "ignoresSideFile"), (.losesCommits, "losesCommits"),
        (.checkpointsForgetLocalWork, "checkpointsForgetLocalWork"),
        (.checkpointsDropDeletedRows, "checkpointsDropDeletedRows"), (.editsDroppedRows, "editsDroppedRows"),
        (.backfillKeepsOrder, "backfillKeepsOrder"), (.losesSiblings, "losesSiblings"),
        (.ignoresLateRemovals, "ignoresLateRemovals"), (.voidsWhatOthersBuiltOn, "voidsWhatOthersBuiltOn"),
        (.namesByArrival, "namesByArrival"),
    ]

    /// The names of the bugs, separated by plus signs.
    public var description: String { Self.names.filter { contains($0.0) }.map(\.1).joined(separator: "+") }

    /// Reads the form of ``description``; nil when a name is unknown.
    public init?(_ text: String) {
        self = []
        for part in text.split(separator: "+") {
            guard let known = Self.names.first(where: { $0.1 == part }) else { return nil }
            insert(known.0)
        }
    }

    /// What the store has to do wrong.
    package var calibration: StoreCalibration {
        var calibration: StoreCalibration = []
        if contains(.deliversWithoutDeps) { calibration.insert(.ignoresDependencies) }
        if contains(.mergesDuplicates) { calibration.insert(.mergesDuplicates) }
        if contains(.tearsChanges) { calibration.insert(.appliesFirstOperationOnly) }
        if contains(.showsLatestArrival) { calibration.insert(.showsLatestArrival) }
        if contains(.ignoresSideFile) { calibration.insert(.ignoresSideFile) }
        if contains(.checkpointsForgetLocalWork) { calibration.insert(.checkpointsForgetLocalWork) }
        if contains(.namesByArrival) { calibration.insert(.namesByArrival) }
        if contains(.backfillKeepsOrder) { calibration.insert(.backfillKeepsOrder) }
        if contains(.losesSiblings) { calibration.insert(.losesSiblings) }
        if contains(.checkpointsDropDeletedRows) { calibration.insert(.checkpointsDropDeletedRows) }
        if contains(.editsDroppedRows) { calibration.insert(.editsDroppedRows) }
        if contains(.ignoresLateRemovals) { calibration.insert(.ignoresLateRemovals) }
        if contains(.voidsWhatOthersBuiltOn) { calibration.insert(.voidsWhatOthersBuiltOn) }
        return calibration
    }
}
