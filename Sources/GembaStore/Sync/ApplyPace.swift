import GembaWire

/// How much of a batch is applied in one transaction: all of it, unless somebody waited for one to end not long ago.
///
/// The more is applied at once, the fewer pages are written time and again: 100,000 updates of a million rows take twice as long
/// in pieces of 1 MiB as in pieces of 8. So a transaction takes what there is, and is given up when somebody wants to write. What
/// follows goes in pieces that nobody has to wait for, and each that nobody waited for doubles the next.
struct ApplyPace {
    /// Bytes of entries, which take a few milliseconds. Pieces of this size are not given up, so that there is progress
    /// however many write.
    private static let least = 64 << 10
    private var bytes = Int.max

    /// The runs to apply next: at least one.
    func piece<Runs: RandomAccessCollection<Run>>(of runs: Runs) -> (runs: Runs.SubSequence, givesWay: Bool) {
        var size = 0
        let piece = runs.prefix { run in
            let takes = size < bytes
            size += run.entryBytes
            return takes
        }
        return (piece, bytes > Self.least && piece.count > 1)
    }

    /// Somebody had to wait.
    mutating func slow() { bytes = Self.least }

    /// A piece was applied, and nobody waited.
    mutating func quicken() { bytes = bytes > .max / 2 ? .max : bytes * 2 }

    /// Thrown where a transaction is given up because somebody wants to write.
    struct GivenWay: Error {}
}
