import GembaCRDT
import GembaCausality
import GembaSimulation
import Testing

@Suite("SavedText")
struct SavedTextTests {
    @Test("a stored text has its history, and is edited and merged as if it had never been away", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var room = WritingRoom(writers: 3, seed: seed)
        for _ in 0..<6 {
            room.work(steps: 25, sharing: 0.4)
            for writer in room.writers.indices {
                let saved = room.writers[writer].document.saved
                let opened = try TextDocument(saved)
                #expect(opened.saved.structure == saved.structure)
                #expect(Array(opened.text.utf8) == Array(saved.text.utf8))
                #expect(Array(opened.saved.deleted.utf8) == Array(saved.deleted.utf8))
                room.writers[writer].document = opened
            }
        }
        room.meet()
        let reference = room.reference(of: 0)
        for writer in room.writers { #expect(Array(writer.document.text.utf8) == Array(reference.text.utf8)) }
        let document = room.writers[1].document
        let isFirst = { [replica = room.writers[0].replica] (name: Dot) in name.replica == replica }
        #expect(try TextDocument(document.saved).text(after: isFirst) == document.text(after: isFirst))
    }

    @Test("a text that forgot what was deleted still takes edits from a replica that was away", arguments: 0..<10)
    func forgetting(seed: UInt64) throws {
        var room = WritingRoom(writers: 3, seed: seed)
        room.work(steps: 120, sharing: 0.4)
        room.writers[0].document.forgetDeleted()
        let saved = room.writers[0].document.saved
        #expect(saved.deleted.isEmpty)
        #expect(saved.structure.count < room.writers[1].document.saved.structure.count + 64)
        room.writers[0].document = try TextDocument(saved)
        room.work(steps: 60, sharing: 0.4)
        room.meet()
        let expected = Array(room.reference(of: 0).text.utf8)
        for writer in room.writers { #expect(Array(writer.document.text.utf8) == expected) }
    }

    @Test("damaged parts are refused or make another text, and never trap", arguments: 0..<10)
    func damage(seed: UInt64) {
        var room = WritingRoom(writers: 3, seed: seed)
        room.work(steps: 60, sharing: 0.4)
        let saved = room.writers[0].document.saved
        for _ in 0..<300 {
            var damaged = saved
            let place = room.generator.below(saved.structure.count)
            switch room.generator.below(3) {
            case 0: damaged.structure[place] ^= UInt8(1 << room.generator.below(8))
            case 1: damaged.structure.removeSubrange(place...)
            default: damaged.text += "x"
            }
            guard let opened = try? TextDocument(damaged) else { continue }
            _ = opened.text(after: { _ in true })
            _ = opened.saved
        }
    }
}
