import GembaCRDT
import GembaCausality
import GembaSimulation
import Testing

@Suite("TextDocument")
struct TextDocumentTests {
    private static let one = Dot(ReplicaID(rawValue: 1), 1)

    @Test("replicas that held the same changes show the text of the paper's tree", arguments: 0..<40)
    func convergence(seed: UInt64) {
        var room = WritingRoom(writers: 3 + Int(seed % 3), seed: seed)
        for sharing in [0.2, 0.5, 0.8] {
            room.work(steps: 60, sharing: sharing)
            for writer in room.writers.indices {
                #expect(scalars(room.writers[writer].document.text) == scalars(room.reference(of: writer).text))
            }
        }
        room.meet()
        let expected = scalars(room.reference(of: 0).text)
        for writer in room.writers { #expect(scalars(writer.document.text) == expected) }
    }

    @Test("a local insertion hangs where the paper's algorithm hangs it", arguments: 0..<10)
    func parents(seed: UInt64) {
        var room = WritingRoom(writers: 3, seed: seed)
        for _ in 0..<60 {
            room.work(steps: 3, sharing: 0.5)
            let writer = room.generator.below(3)
            let position = room.generator.below(room.writers[writer].document.count + 1)
            let expected = room.reference(of: writer).parent(forPosition: position)
            room.write(writer, at: position, "x")
            let insertion = room.changes.last?.operation.insertions.first
            #expect(insertion?.parent == expected.parent)
            #expect(insertion?.side == expected.side)
        }
    }

    @Test("what two people type in one place stays in two pieces, forwards and backwards", arguments: [false, true])
    func interleaving(backwards: Bool) {
        for seed in 0..<20 as Range<UInt64> {
            var room = WritingRoom(writers: 2, seed: seed)
            room.write(0, at: 0, "<>")
            room.meet()
            for step in 0..<12 {
                let (writer, text) = step.isMultiple(of: 2) ? (0, "a") : (1, "b")
                room.write(writer, at: backwards ? 1 : 1 + step / 2, text)
            }
            room.meet()
            for writer in room.writers {
                #expect(["<aaaaaabbbbbb>", "<bbbbbbaaaaaa>"].contains(writer.document.text))
            }
        }
    }

    @Test("operations that name what never was mean the same in every order", arguments: 0..<20)
    func nonsense(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var changes: [(Dot, TextOperation<Dot>)] = []
        for number in 1...8 {
            let name = Dot(ReplicaID(rawValue: UInt128(number)), 1)
            var operation = TextOperation<Dot>()
            for _ in 0..<3 {
                let id = TextID(Dot(ReplicaID(rawValue: UInt128(generator.number(in: 9...12))), 1), 0)
                operation.insertions.append(
                    .init(parent: generator.chance(0.7) ? id : nil, side: .right, text: "\(number)ab"))
                operation.deletions.append(.init(first: id, count: 4))
            }
            changes.append((name, operation))
        }
        var reference = ReferenceText()
        for (name, operation) in changes { reference.apply(operation, as: name) }
        for _ in 0..<5 {
            changes.shuffle(using: &generator)
            var document = TextDocument<Dot>()
            for (name, operation) in changes { document.apply(operation, as: name) }
            #expect(document.text == reference.text)
        }
    }

    @Test("an edit of a change is one replacement for each place, and what it takes back is nothing")
    func normalForm() {
        var document = TextDocument("abcdef", insertedBy: Self.one)
        var edit = TextEdit()
        edit.replace(2..<4, with: "xyz")
        edit.replace(3..<4, with: "")
        edit.replace(0..<0, with: "new ")
        edit.replace(0..<4, with: "")
        #expect(edit.steps == [.keep(2), .insert("xz"), .remove(2)])
        let operation = document.apply(edit, as: Dot(ReplicaID(rawValue: 1), 2))
        #expect(document.text == "abxzef")
        #expect(operation.insertions == [.init(parent: TextID(Self.one, 2), side: .left, text: "xz")])
        #expect(operation.deletions == [.init(first: TextID(Self.one, 2), count: 2)])
    }

    @Test("every past version can be read again", arguments: 0..<10)
    func pastVersions(seed: UInt64) {
        var room = WritingRoom(writers: 3, seed: seed)
        var versions: [(held: VersionVector, text: String)] = []
        for _ in 0..<30 {
            room.work(steps: 4, sharing: 0.4)
            versions.append((room.writers[0].held, room.writers[0].document.text))
        }
        room.meet()
        for version in versions {
            let text = room.writers[1].document.text(after: { version.held.contains($0) })
            #expect(scalars(text) == scalars(version.text))
        }
    }

    @Test("an anchor stays with its character while others edit", arguments: 0..<10)
    func anchors(seed: UInt64) {
        var room = WritingRoom(writers: 3, seed: seed)
        room.work(steps: 80, sharing: 0.5)
        let shown = room.reference(of: 0).shown
        let places = (0...room.writers[0].document.count).map { position in
            (
                before: room.writers[0].document.anchor(at: position, staying: .before),
                after: room.writers[0].document.anchor(at: position, staying: .after), position
            )
        }
        room.work(steps: 60, sharing: 0.5)
        room.meet()
        let reference = room.reference(of: 0)
        let order = reference.order
        func shownCount(before id: TextID<Dot>) -> Int {
            order.prefix { $0 != id }.filter { reference.elements[$0]?.isDeleted == false }.count
        }
        for (before, after, position) in places {
            let left = position == 0 ? 0 : shownCount(before: shown[position - 1])
            let leftShown = position > 0 && reference.elements[shown[position - 1]]?.isDeleted == false ? 1 : 0
            #expect(room.writers[0].document.position(of: before) == left + leftShown)
            let right = position == shown.count ? reference.shown.count : shownCount(before: shown[position])
            #expect(room.writers[0].document.position(of: after) == right)
        }
    }

    @Test("a text of many random edits is what an array of scalars makes of them")
    func manyEdits() {
        var generator = SeededGenerator(seed: 7)
        var document = TextDocument<Dot>()
        var model: [Unicode.Scalar] = []
        for step in 1...20_000 {
            let name = Dot(ReplicaID(rawValue: 1), SequenceNumber(step))
            let position = generator.below(model.count + 1)
            if generator.chance(0.6) || position == model.count {
                let text = generator.chance(0.5) ? "abc" : "x"
                document.insert(text, at: position, as: name)
                model.insert(contentsOf: text.unicodeScalars, at: position)
            } else {
                let end = min(model.count, position + generator.number(in: 1...4))
                document.remove(position..<end, as: name)
                model.removeSubrange(position..<end)
            }
        }
        #expect(scalars(document.text) == model)
    }

    private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
}
