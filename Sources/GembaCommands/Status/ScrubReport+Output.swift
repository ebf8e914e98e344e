import GembaStore

extension ScrubReport {
    /// When all pages were last looked at and what that found, in words.
    func sentence(now: UInt64) -> String {
        var text =
            finished.map { "all \(pageCount) pages checked \(PointInTime.ago($0, now: now))" }
            ?? "not all pages checked yet"
        if mendedCount > 0 { text += ", \(mendedCount) put right" }
        if lostCount > 0 { text += ", \(lostCount) damaged" }
        if let renewed { text += "; made anew after damage \(PointInTime.ago(renewed, now: now))" }
        return text
    }

    /// Whether the disk is to be suspected.
    var isNotable: Bool { mendedCount > 0 || lostCount > 0 || renewed != nil }

    var json: JSONValue {
        .object([
            ("finished", .text(finished.map(PointInTime.iso))), ("pages", .count(pageCount)),
            ("mended", .count(mendedCount)), ("damaged", .count(lostCount)),
            ("renewed", .text(renewed.map(PointInTime.iso))),
        ])
    }
}
