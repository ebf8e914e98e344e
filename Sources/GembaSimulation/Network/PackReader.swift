import GembaWire

/// Reads the packs of many streams, as one who hears all of them from their beginnings.
struct PackReader {
    private struct Stream {
        var round: UInt64
        var context = PackingContext()
    }

    private var streams: [SessionID: Stream] = [:]

    /// The runs that a pack brings, which is the next one of its stream; nil when the stream's beginning was not heard.
    mutating func runs(of pack: PackMessage, in session: SessionID) -> [Run]? {
        if pack.offset == 0 { streams[session] = Stream(round: pack.round) }
        guard var stream = streams[session], stream.round == pack.round else { return nil }
        var runs: [Run] = []
        for run in pack.runs {
            guard let unpacked = try? run.unpacked(in: &stream.context) else { return nil }
            runs.append(unpacked)
        }
        streams[session] = stream
        return runs
    }
}
