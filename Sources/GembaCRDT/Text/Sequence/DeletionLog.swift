/// Which characters were deleted, in the order of the deletions, as runs of local numbers that ascend or descend.
///
/// Backspace goes down from the newest character, cutting a passage goes up.
struct DeletionLog: Sendable {
    struct Run: Hashable, Sendable {
        /// The first deletion.
        var event: UInt32
        /// The character that it deleted.
        var number: UInt32
        /// Whether further deletions go down.
        var descends: Bool
    }

    private(set) var runs: ContiguousArray<Run> = []
    /// The change of each deletion.
    private(set) var names = NameRuns()
    /// For each run of `names`: how many characters had been inserted when it began.
    private(set) var insertedBefore: ContiguousArray<UInt32> = []

    var count: UInt32 { names.count }

    /// Notes the deletion of characters with ascending numbers.
    mutating func append(_ numbers: Range<UInt32>, by name: NameRuns.Name, inserted: UInt32) {
        let count = self.count
        if !continues(with: numbers) {
            runs.append(Run(event: count, number: numbers.lowerBound, descends: false))
        }
        let startsRun = names.append(UInt32(numbers.count), name)
        if startsRun { insertedBefore.append(inserted) }
    }

    /// Names deletions whose runs are appended afterwards, as they were stored.
    mutating func appendNames(_ count: UInt32, _ name: NameRuns.Name, ascends: Bool, inserted: UInt32) {
        names.append(run: count, name, ascends: ascends)
        insertedBefore.append(inserted)
    }

    /// Appends a run as it was stored.
    mutating func append(run: Run) { runs.append(run) }

    /// Whether deletions go on where the last run ends; gives a run of one its direction.
    private mutating func continues(with numbers: Range<UInt32>) -> Bool {
        guard let last = runs.last else { return false }
        let length = count - last.event
        if !last.descends, last.number + length == numbers.lowerBound { return true }
        guard numbers.count == 1, last.descends || length == 1, last.number == numbers.lowerBound + length else {
            return false
        }
        runs[runs.count - 1].descends = true
        return true
    }

    /// Calls `body` with the numbers deleted by some deletions, in ascending stretches, and the first deletion of each.
    func forEachStretch(in events: Range<UInt32>, _ body: (Range<UInt32>, UInt32) -> Void) {
        var index = runs.count
        while index > 0, runs[index - 1].event > events.lowerBound { index -= 1 }
        index -= 1
        var event = events.lowerBound
        while event < events.upperBound {
            let run = runs[index]
            let end = min(index + 1 < runs.count ? runs[index + 1].event : count, events.upperBound)
            if run.descends {
                let top = run.number - (event - run.event)
                body(top + 1 - (end - event)..<top + 1, event)
            } else {
                let bottom = run.number + (event - run.event)
                body(bottom..<bottom + (end - event), event)
            }
            event = end
            index += 1
        }
    }
}
