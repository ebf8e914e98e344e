import CTextBaseline
import Gemba
import GembaCRDT

/// A paper of 100,000 characters typed again, 260,000 edits of a change each, then stored and opened.
///
/// The baseline of typing is a gap buffer in C that keeps a log of the edits.
struct TextEditing: Measurement {
    static let figures = [
        Figure("text-local", goal: 20, "type 260,000 edits"),
        Figure("text-local-operations", goal: 60, "the same, and make of each what is sent"),
        Figure("text-load-ms", goal: 5, unit: .milliseconds, "open a stored text of 100,000 characters"),
        Figure("text-read-ms", goal: 1, unit: .milliseconds, "read it"),
        Figure("text-size-kb", goal: 115, unit: .kilobytes, "its size as stored, with its history"),
    ]

    private static let rounds = 7
    private static let author = ReplicaID(rawValue: 1)
    /// The level at which Zstandard still takes a moment only.
    private static let level: Int32 = 19

    func run(on bench: Bench) throws {
        guard let folder = TextTrace.folder else { return bench.note(TextTrace.absence) }
        let trace = try TextTrace(named: "automerge-paper", in: folder)
        let patches = trace.txns.flatMap(\.patches)
        let plain = PlainEdits(patches)
        var (baseline, local, telling) = (Series(), Series(), Series())
        var (load, read) = (Series(), Series())
        var saved = SavedText<Dot>(authors: [], structure: [], text: "", deleted: "")
        for _ in 0..<Self.rounds {
            let length = baseline.time { plain.replay() }
            precondition(length == trace.endContent.utf8.count, "the baseline differs")
            let document = local.time { Self.replay(patches) }
            let text = read.time { document.text }
            precondition(text == trace.endContent, "the text differs")
            let count = telling.time { Self.replayTelling(patches) }
            precondition(count == patches.count)
            saved = document.saved
            let opened = try load.time { try TextDocument(saved) }
            precondition(opened.text == trace.endContent, "the opened text differs")
        }
        bench.add("text-local", local, over: baseline, of: "gap buffer in C")
        bench.add("text-local-operations", telling, over: baseline, of: "gap buffer in C")
        bench.add("text-load-ms", load.over(1e-3))
        bench.add("text-read-ms", read.over(1e-3))
        bench.add("text-size-kb", Series([Self.compressedSize(saved) / 1000]))
    }

    private static func compressedSize(_ saved: SavedText<Dot>) -> Double {
        let parts: [[UInt8]] = [saved.structure, Array(saved.text.utf8), Array(saved.deleted.utf8)]
        let sizes = parts.map { part in
            text_baseline_compressed_size(part, part.count, level)
        }
        return Double(sizes.reduce(0, +))
    }

    private static func replay(_ patches: [TextTrace.Patch]) -> TextDocument<Dot> {
        var document = TextDocument<Dot>()
        for (number, patch) in patches.enumerated() { edit(&document, patch, number) }
        return document
    }

    /// The same, and makes of each edit what is sent.
    private static func replayTelling(_ patches: [TextTrace.Patch]) -> Int {
        var document = TextDocument<Dot>()
        var count = 0
        for (number, patch) in patches.enumerated() {
            let mark = document.mark
            edit(&document, patch, number)
            if !document.operation(since: mark).isEmpty { count += 1 }
        }
        return count
    }

    private static func edit(_ document: inout TextDocument<Dot>, _ patch: TextTrace.Patch, _ number: Int) {
        let name = Dot(author, SequenceNumber(number + 1))
        if patch.removed > 0 { document.remove(patch.position..<patch.position + patch.removed, as: name) }
        if !patch.text.isEmpty { document.insert(patch.text, at: patch.position, as: name) }
    }
}

/// ASCII edits as the baseline takes them.
private struct PlainEdits {
    private var edits: [text_edit] = []
    private var text: [CChar] = []

    init(_ patches: [TextTrace.Patch]) {
        for patch in patches {
            let place = UInt32(text.count)
            text += patch.text.utf8.map { CChar(bitPattern: $0) }
            edits.append(
                text_edit(
                    position: UInt32(patch.position), removed: UInt32(patch.removed), text: place,
                    length: UInt32(patch.text.utf8.count)))
        }
    }

    func replay() -> Int {
        var out = [CChar](repeating: 0, count: text.count)
        return text_baseline_replay(edits, edits.count, text, &out, out.count)
    }
}
