import GembaWire

/// Reads the packs of many streams, as one who hears all of them from their beginnings.
struct PackReader {
    private struct Stream {
        var round: UInt64
        /// The offset of the pack that comes next.
        var next: UInt64 = 0
        var context = PackingContext()
    }

    private var streams: [SessionID: Stream] = [:]

    /// The runs that a pack brings; nil when it is not the next one of a stream that was heard from its beginning. What is sent
    /// again is packed by what its receiver took, and nobody else can tell what it says.
    mutating func runs(of pack: PackMessage, in session: SessionID) -> [Run]? {
        if pack.offset == 0 { streams[session] = Stream(round: pack.round) }
        guard var stream = streams.removeValue(forKey: session), stream.round == pack.round, stream.next == pack.offset
        else { return nil }
        var runs: [Run] = []
        for run in pack.runs {
            guard let unpacked = try? run.unpacked(in: &stream.context) else { return nil }
            runs.append(unpacked)
        }
        stream.next += UInt64(runs.reduce(0) { $0 + $1.entryBytes })
        streams[session] = stream
        return runs
    }
}
