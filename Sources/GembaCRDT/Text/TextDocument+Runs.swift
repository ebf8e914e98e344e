extension TextDocument {
    /// Characters of one change that follow one another in the text and by their offsets, all shown or all deleted.
    public struct Run: Sendable {
        /// The first of them.
        public var first: TextID<Name>
        /// How many they are.
        public var count: Int
        /// What is shown; nil when they are deleted.
        public var text: String?
    }

    /// All characters that were ever inserted, in the order of the text, in runs that are as long as they can be: equal
    /// for equal texts, whatever the order in which their changes came.
    public var runs: [Run] {
        var runs: [Run] = []
        core.forEachRun { name, offset, count, text in
            let name = self.name(of: name)
            if let last = runs.last, last.first.name == name, Int(last.first.offset) + last.count == Int(offset),
                (last.text == nil) == (text == nil)
            {
                runs[runs.count - 1].count += count
                if let text { runs[runs.count - 1].text?.append(text) }
            } else {
                runs.append(Run(first: TextID(name, offset), count: count, text: text))
            }
        }
        return runs
    }

    /// Whether no character was ever inserted.
    public var isEmpty: Bool { core.insertedCount == 0 }

    /// The one change that made the whole text at once, if nobody else did anything: its name and the text are all that
    /// needs to be kept.
    public var soleInsertion: Name? { core.soleName.map(name) }
}
