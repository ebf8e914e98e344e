import GembaCRDT
import GembaCausality
import GembaSimulation

/// Writers who edit one text apart and send each other what they did, in any order that respects causality.
struct WritingRoom {
    struct Change {
        var name: Dot
        var operation: TextOperation<Dot>
        /// What its author held before it.
        var seen: VersionVector
    }

    struct Writer {
        let replica: ReplicaID
        var document = TextDocument<Dot>()
        var held = VersionVector()
    }

    var writers: [Writer]
    private(set) var changes: [Change] = []
    var generator: SeededGenerator

    init(writers count: Int, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        writers = (1...count).map { number in
            var writer = Writer(replica: ReplicaID(rawValue: UInt128(number)))
            writer.held.insert(Dot(writer.replica, 0))
            return writer
        }
    }

    /// One writer edits.
    mutating func write(_ writer: Int, _ edit: TextEdit) {
        let replica = writers[writer].replica
        let name = Dot(replica, (writers[writer].held[replica] ?? 0) + 1)
        let seen = writers[writer].held
        let operation = writers[writer].document.apply(edit, as: name)
        writers[writer].held.insert(name)
        changes.append(Change(name: name, operation: operation, seen: seen))
    }

    /// One writer replaces characters.
    mutating func write(_ writer: Int, at position: Int, removing count: Int = 0, _ text: String) {
        var edit = TextEdit()
        edit.replace(position..<position + count, with: text)
        write(writer, edit)
    }

    /// One writer takes over one change that it can, chosen at random.
    ///
    /// - Returns: false when there is none.
    @discardableResult
    mutating func deliver(to writer: Int) -> Bool {
        let held = writers[writer].held
        let ready = changes.filter { change in
            !held.contains(change.name)
                && change.seen.entries.allSatisfy { $0.value == 0 || held.contains(Dot($0.key, $0.value)) }
        }
        guard let change = generator.pick(ready) else { return false }
        writers[writer].document.apply(change.operation, as: change.name)
        writers[writer].held.insert(change.name)
        return true
    }

    /// All writers take over everything.
    mutating func meet() { for writer in writers.indices { while deliver(to: writer) {} } }

    /// The text of what a writer holds, by the reference.
    func reference(of writer: Int) -> ReferenceText {
        var reference = ReferenceText()
        for change in changes where writers[writer].held.contains(change.name) {
            reference.apply(change.operation, as: change.name)
        }
        return reference
    }

    // MARK: - Random work

    static let words = ["a", "bc", "ż", "e\u{301}", "\r\n", "👩‍🔧", "press 4 stopped", "再起動", " "]

    /// An edit of one to three replacements in a text of a length.
    mutating func randomEdit(ofLength length: Int) -> TextEdit {
        var edit = TextEdit()
        var length = length
        for _ in 0..<generator.number(in: 1...3) {
            let start = generator.below(length + 1)
            let removed = generator.chance(0.5) ? 0 : generator.below(min(length - start, 6) + 1)
            let text = generator.chance(0.3) ? "" : generator.pick(Self.words) ?? ""
            edit.replace(start..<start + removed, with: text)
            length += text.unicodeScalars.count - removed
        }
        return edit
    }

    mutating func work(steps: Int, sharing: Double) {
        for _ in 0..<steps {
            let writer = generator.below(writers.count)
            if generator.chance(sharing) {
                deliver(to: writer)
            } else {
                let edit = randomEdit(ofLength: writers[writer].document.count)
                if !edit.isEmpty { write(writer, edit) }
            }
        }
    }
}
