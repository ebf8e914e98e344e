import Gemba

/// What changes take on the wire when their bodies are sealed.
struct Sealing {
    private let key: EpochKey
    private var generator = SystemRandomNumberGenerator()

    init() { key = EpochKey(using: &generator) }

    /// A run with all bodies sealed. Those that are sealed already stay as they are.
    func sealed(_ run: Run) throws -> Run {
        var run = run
        for index in run.entries.indices {
            let sequence = run.first + SequenceNumber(index)
            let entry = try Entry(decoding: run.entries[index])
            if sequence == 0 || entry.seal != nil { continue }
            let place = Envelope.Place(replica: run.replica, sequence: sequence, previous: .beforeGenesis)
            let nonce = (0..<SealParameters.nonceBytes).map { _ in UInt8.random(in: .min ... .max) }
            run.entries[index] = try Envelope.makeEntry(
                Envelope.open(entry), deps: entry.deps, at: place, sealedUnder: key, nonce: nonce
            ).encoded()
        }
        return run
    }

    /// The frames that carry everything after a position to a peer.
    func frames(from author: Replica, after position: Int64) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var (position, offset) = (position, UInt64(0))
        try author.forEachBatch(after: &position) { runs in
            let batch = BatchMessage(kind: .data, round: 1, offset: offset, runs: try runs.map(sealed))
            offset += batch.cost
            frames.append(Frame(session: SessionID(rawValue: .max), message: .batch(batch)).encoded())
        }
        return frames
    }

    /// Bytes of the frames that carry everything after a position to a peer.
    func bytes(from author: Replica, after position: Int64) throws -> Double {
        Double(try frames(from: author, after: position).reduce(0) { $0 + $1.count })
    }
}
