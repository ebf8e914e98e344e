/// Faults that tests plant in the store, to learn whether their checkers would find such a bug. Empty in every program.
package struct StoreCalibration: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Applies a change although what its author had seen is not held.
    package static let ignoresDependencies = StoreCalibration(rawValue: 1 << 0)
    /// Merges again what arrives a second time.
    package static let mergesDuplicates = StoreCalibration(rawValue: 1 << 1)
    /// Merges only the first row of a change.
    package static let appliesFirstOperationOnly = StoreCalibration(rawValue: 1 << 2)
    /// Shows the sibling of the replica that this database met last.
    package static let showsLatestArrival = StoreCalibration(rawValue: 1 << 3)
    /// Trusts the database without looking at the side file.
    package static let ignoresSideFile = StoreCalibration(rawValue: 1 << 4)
    /// Installs a checkpoint without merging what is held here beyond it.
    package static let checkpointsForgetLocalWork = StoreCalibration(rawValue: 1 << 5)
    /// Leaves deleted rows out of checkpoints, so that whoever takes one has never heard of the deletion.
    package static let checkpointsDropDeletedRows = StoreCalibration(rawValue: 1 << 6)
    /// Merges into a dropped row what was written in ignorance of the drop.
    package static let editsDroppedRows = StoreCalibration(rawValue: 1 << 7)
    /// Takes a drop for an effect of an unknown kind, as a program does that is older than drops.
    package static let defersDrops = StoreCalibration(rawValue: 1 << 8)
    /// Leaves entries whose bodies came back in the order in which a checkpoint listed them.
    package static let backfillKeepsOrder = StoreCalibration(rawValue: 1 << 9)
    /// Of several siblings of a register keeps the one of the log that this database met last.
    package static let losesSiblings = StoreCalibration(rawValue: 1 << 10)
    /// Leaves logs and rows as they were when a member is removed.
    package static let ignoresLateRemovals = StoreCalibration(rawValue: 1 << 11)
    /// Counts nothing of a former member beyond the cut, whoever built on it.
    package static let voidsWhatOthersBuiltOn = StoreCalibration(rawValue: 1 << 12)
    /// Takes no roster entry that removes this station, as a stolen machine does whose program was changed.
    package static let keepsOwnMembership = StoreCalibration(rawValue: 1 << 13)
    /// Calls the half of a forked log that came first by the log's name.
    package static let namesByArrival = StoreCalibration(rawValue: 1 << 14)
    /// Goes on writing a log that is found to be forked, as a station does that means harm.
    package static let keepsForkedName = StoreCalibration(rawValue: 1 << 15)
}
