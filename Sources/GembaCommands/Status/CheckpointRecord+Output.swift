import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

extension CheckpointRecord.Trust {
    /// How far the rows of a checkpoint are trusted, as programs read it.
    var name: String { "\(self)" }
}

extension CheckpointRecord {
    /// Whose checkpoint the rows stand on and how far that is trusted, as a sentence.
    func sentence(_ roster: Roster) -> String {
        let maker = roster.members[signed.manifest.maker]?.displayName ?? "a former member"
        let basis =
            switch trust {
            case .signed: "trusted on its signature alone"
            case .agreed: "two more members showed the same"
            case .verified: "replayed from the logs with the same result"
            }
        return "\(signed.manifest.rows) rows stand on a checkpoint by \(maker): \(basis)"
    }

    var json: JSONValue {
        .object([
            ("id", .string("\(signed.manifest.id)")),
            ("maker", .string("\(signed.manifest.maker)")),
            ("made", .string(PointInTime.iso(signed.manifest.made.milliseconds))),
            ("entries", .count(signed.manifest.entries)),
            ("rows", .count(signed.manifest.rows)),
            ("trust", .string(trust.name)),
        ])
    }
}

extension BackfillProgress {
    /// How many changes are held without their bodies, as a sentence; nil when none is.
    var sentence: String? {
        var parts: [String] = []
        if missing > 0 { parts.append("\(missing) changes to be fetched again from whoever has them") }
        if forgone > 0 { parts.append("\(forgone) changes folded here") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}
