import GembaWire

/// Changes the places of runs in batches and packs, as a careless sender might.
struct RunShuffler {
    private var reader = PackReader()
    /// What the receivers of packs have heard.
    private var contexts: [SessionID: PackingContext] = [:]

    /// The frame with its runs in other places, if it is its turn and has several.
    ///
    /// A pack refers to those before it, so that once a stream is begun, all its packs are written anew.
    ///
    /// - Parameter begins: whether streams that begin may be changed later.
    mutating func shuffle(
        _ frame: [UInt8], begins: Bool, isTurn: Bool, using random: inout some RandomNumberGenerator
    ) -> (frame: [UInt8], isChanged: Bool) {
        // The second byte of a frame is its type; only batches and packs carry runs.
        guard frame.count > 1, (frame[1] == 3 && isTurn) || frame[1] == 11, var decoded = try? Frame(decoding: frame)
        else { return (frame, false) }
        switch decoded.message {
        case .batch(var batch) where batch.runs.count > 1:
            batch.runs.shuffle(using: &random)
            decoded.message = .batch(batch)
            return (decoded.encoded(), true)
        case .pack(let pack):
            if pack.offset == 0 { contexts[decoded.session] = begins ? PackingContext() : nil }
            guard var context = contexts[decoded.session], var runs = reader.runs(of: pack, in: decoded.session) else {
                return (frame, false)
            }
            let isChanged = isTurn && runs.count > 1
            if isChanged { runs.shuffle(using: &random) }
            let batch = BatchMessage(kind: .data, round: pack.round, offset: pack.offset, runs: runs)
            guard let written = PackMessage(packing: batch, in: &context) else { return (frame, false) }
            contexts[decoded.session] = context
            decoded.message = .pack(written)
            return (decoded.encoded(), isChanged)
        default:
            return (frame, false)
        }
    }
}
