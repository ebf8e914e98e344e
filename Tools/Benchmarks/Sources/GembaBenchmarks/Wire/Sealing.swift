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
                Envelope.open(entry), deps: entry.deps, at: place, sealedWith: key.sealKey(for: run.replica),
                nonce: nonce
            ).encoded()
        }
        return run
    }

    /// The changes of one round to a peer.
    struct Stream {
        fileprivate var offset: UInt64 = 0
        fileprivate var context = PackingContext()
    }

    /// The next frames of a stream, which carry everything after a position.
    func frames(from author: Replica, after position: Int64, in stream: inout Stream) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var position = position
        try author.forEachBatch(after: &position) { runs in
            let batch = BatchMessage(kind: .data, round: 1, offset: stream.offset, runs: try runs.map(sealed))
            guard let pack = PackMessage(packing: batch, in: &stream.context) else {
                preconditionFailure("an entry that does not decode")
            }
            stream.offset += batch.cost
            frames.append(Frame(session: SessionID(rawValue: .max), message: .pack(pack)).encoded())
        }
        return frames
    }

    /// Bytes of the next frames of a stream, which carry everything after a position.
    func bytes(from author: Replica, after position: Int64, in stream: inout Stream) throws -> Double {
        Double(try frames(from: author, after: position, in: &stream).reduce(0) { $0 + $1.count })
    }

    /// Bytes of the frames of a new stream that carry everything after a position.
    func bytes(from author: Replica, after position: Int64) throws -> Double {
        var stream = Stream()
        return try bytes(from: author, after: position, in: &stream)
    }
}
