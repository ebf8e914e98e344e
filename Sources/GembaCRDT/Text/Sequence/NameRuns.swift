/// The names of numbered events, as runs: which change inserted each character, or made each deletion.
///
/// Two patterns make up nearly all of a history: one change with many characters, and one character in each of many
/// consecutive changes, which is how a person types when every keystroke is stored.
@usableFromInline struct NameRuns: Sendable {
    /// A change, by the number of its author in this text.
    @usableFromInline struct Name: Hashable, Sendable {
        @usableFromInline var author: UInt32
        @usableFromInline var sequence: UInt64

        @inlinable init(author: UInt32, sequence: UInt64) {
            self.author = author
            self.sequence = sequence
        }
    }

    struct Run: Hashable, Sendable {
        /// The first event.
        var first: UInt32
        var author: UInt32
        var sequence: UInt64
        /// The offset of the first event in its change.
        var offset: UInt32
        /// Whether every event has a change of its own, by consecutive numbers and at offset 0; otherwise all are of one
        /// change, at consecutive offsets.
        var ascends: Bool

        func name(_ index: UInt32) -> Name {
            Name(author: author, sequence: ascends ? sequence + UInt64(index) : sequence)
        }
    }

    private(set) var runs: ContiguousArray<Run> = []
    /// How many events have names.
    private(set) var count: UInt32 = 0
    /// The runs of each author; their (sequence, offset) ascend.
    private var runsByAuthor: [[UInt32]] = []

    // MARK: - Appending

    /// Names the next `added` events.
    ///
    /// - Returns: whether they start a new run.
    @discardableResult
    mutating func append(_ added: UInt32, _ name: Name) -> Bool {
        defer { count += added }
        guard let last = runs.last, last.author == name.author else {
            start(name, offset: 0)
            return true
        }
        let length = count - last.first
        let latest = last.ascends ? last.sequence + UInt64(length) - 1 : last.sequence
        if name.sequence == latest {
            if !last.ascends { return false }
            start(name, offset: 1)
            return true
        }
        if name.sequence == latest + 1, added == 1, last.offset == 0, last.ascends || length == 1 {
            runs[runs.count - 1].ascends = true
            return false
        }
        start(name, offset: 0)
        return true
    }

    /// Names the next events as one run, as it was stored.
    mutating func append(run added: UInt32, _ name: Name, ascends: Bool) {
        var offset: UInt32 = 0
        if !ascends, let last = runs.last, last.author == name.author {
            let length = count - last.first
            if last.name(length - 1) == name { offset = last.ascends ? 1 : last.offset + length }
        }
        start(name, offset: offset)
        runs[runs.count - 1].ascends = ascends
        count += added
    }

    private mutating func start(_ name: Name, offset: UInt32) {
        while runsByAuthor.count <= Int(name.author) { runsByAuthor.append([]) }
        runsByAuthor[Int(name.author)].append(UInt32(runs.count))
        runs.append(Run(first: count, author: name.author, sequence: name.sequence, offset: offset, ascends: false))
    }

    // MARK: - Reading

    func length(ofRun index: Int) -> UInt32 { end(ofRun: index) - runs[index].first }

    private func end(ofRun index: Int) -> UInt32 { index + 1 < runs.count ? runs[index + 1].first : count }

    /// The index of the run that holds an event.
    func run(of event: UInt32) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].first <= event { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    /// The change of an event, and the event's offset in it.
    func name(of event: UInt32) -> (name: Name, offset: UInt32) {
        let run = runs[run(of: event)]
        let index = event - run.first
        return (run.name(index), run.ascends ? 0 : run.offset + index)
    }

    /// The events from a named one on that follow both by number and by offset, or nil when there is none by that name.
    func events(_ name: Name, offset: UInt32, maximum: UInt32) -> Range<UInt32>? {
        guard Int(name.author) < runsByAuthor.count else { return nil }
        let own = runsByAuthor[Int(name.author)]
        // Most references are to what was written last.
        var low = 0
        var high = own.count
        while low < high {
            let middle = (low + high) / 2
            let run = runs[Int(own[middle])]
            if (run.sequence, run.offset) <= (name.sequence, offset) { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let index = Int(own[low - 1])
        let run = runs[index]
        let length = end(ofRun: index) - run.first
        if run.ascends {
            guard offset == 0, name.sequence - run.sequence < UInt64(length) else { return nil }
            let event = run.first + UInt32(name.sequence - run.sequence)
            return event..<event + 1
        }
        guard name.sequence == run.sequence, offset - run.offset < length else { return nil }
        let event = run.first + (offset - run.offset)
        return event..<min(event + min(maximum, UInt32.max - event), run.first + length)
    }

    /// Calls `body` with the stretches of one change among some events: the change, the first one's offset, and the
    /// events.
    func forEachName(in events: Range<UInt32>, _ body: (Name, UInt32, Range<UInt32>) -> Void) {
        guard !events.isEmpty else { return }
        var event = events.lowerBound
        var index = run(of: event)
        while event < events.upperBound {
            let run = runs[index]
            let end = min(end(ofRun: index), events.upperBound)
            if run.ascends {
                while event < end {
                    body(run.name(event - run.first), 0, event..<event + 1)
                    event += 1
                }
            } else {
                body(run.name(0), run.offset + (event - run.first), event..<end)
                event = end
            }
            index += 1
        }
    }
}
