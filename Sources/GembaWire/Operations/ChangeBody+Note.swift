extension ChangeBody {
    /// Who made the change and why, read without the operations that follow.
    ///
    /// It is for bodies that are known to be valid: what follows is not looked at.
    public static func note(decoding content: [UInt8]) throws(WireError) -> FoldedEntry.Note {
        var decoder = CBORDecoder(content)
        _ = try decoder.array()
        for _ in 0..<3 { _ = try decoder.unsigned() }
        return FoldedEntry.Note(
            actor: try decoder.text(maximum: Limits.actorBytes), reason: try decoder.text(maximum: Limits.reasonBytes))
    }
}
