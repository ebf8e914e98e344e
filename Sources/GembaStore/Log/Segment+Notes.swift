import GembaCausality
import GembaTrust
import GembaWire

/// What stands in a folded segment in the place of its entries.
extension Segment {
    /// `[* [offset, actor, reason]]` in one Zstandard frame.
    static func encode(notes: [Int: FoldedEntry.Note]) throws(StoreError) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: notes.count)
        for (offset, note) in notes.sorted(by: { $0.key < $1.key }) {
            encoder.array(count: 3)
            encoder.unsigned(UInt64(offset))
            encoder.text(note.actor)
            encoder.text(note.reason)
        }
        guard let frame = Zstandard.compress(encoder.bytes) else {
            throw StoreError(.storageFailed, "There is no memory to compress what stays of folded entries.")
        }
        return frame
    }

    /// The most that the notes of a segment take.
    private static let notesBytes = maximumCount * (Limits.actorBytes + Limits.reasonBytes + 16)

    static func notes(
        _ stored: [UInt8], first: SequenceNumber
    ) throws(StoreError) -> [SequenceNumber: FoldedEntry.Note] {
        do {
            var decoder = CBORDecoder(try Zstandard.decompress(stored, atMost: notesBytes))
            var notes: [SequenceNumber: FoldedEntry.Note] = [:]
            for _ in 0..<(try decoder.array()) {
                try decoder.array(count: 3)
                let sequence = first + (try decoder.unsigned())
                notes[sequence] = FoldedEntry.Note(actor: try decoder.text(), reason: try decoder.text())
            }
            return notes
        } catch {
            throw damaged(LocalDot(replica: 0, sequence: first))
        }
    }
}
