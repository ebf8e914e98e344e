internal import GembaCausality
internal import GembaWire

/// The taking end of a checkpoint: has the shell decide on an offer, fetches the chunks that are missing, and has them
/// installed.
///
/// Chunks are fetched under a window that this end sets, so that it never holds more than it asked for. The shell keeps
/// them durably; after a broken link, or at another member with the same content, only the others are fetched.
struct CheckpointIntake: Sendable {
    private enum Phase: Sendable {
        case idle
        /// The shell considers an offer.
        case deciding(CheckpointID)
        case taking(CheckpointID)
        case installing(CheckpointID)
    }

    private let limits: SessionLimits
    private var phase = Phase.idle
    /// Chunks to ask for, in falling order.
    private var wanted: [Int] = []
    /// Chunks that were asked for, and when.
    private var asked: [Int: Instant] = [:]
    /// Chunks that may be asked for at once: grows while they come, and shrinks when they do not.
    private var window = 2
    private var greatestWindow = 2
    private var retry: Patience
    /// When a chunk last came.
    private var progress = Instant()

    init(limits: SessionLimits) {
        self.limits = limits
        retry = Patience(from: limits.chunkRetry, to: limits.greatestPatience)
    }

    /// Whether a checkpoint is being fetched or installed.
    var isTaking: Bool {
        switch phase {
        case .taking, .installing: true
        case .idle, .deciding: false
        }
    }

    // MARK: - Inputs

    mutating func receive(_ offer: OfferMessage, into outbox: inout Outbox) {
        let id = offer.signed.manifest.id
        switch phase {
        case .idle: break
        case .deciding(let known), .taking(let known): if known == id { return }
        case .installing: return
        }
        phase = .deciding(id)
        greatestWindow = max(1, Int(limits.chunkWindow / offer.signed.manifest.chunkBytes))
        outbox.add(.offered(offer.signed, isOnlyWay: offer.isOnlyWay))
    }

    /// The shell decided on the last offer.
    mutating func receive(_ verdict: CheckpointVerdict, at now: Instant, into outbox: inout Outbox) {
        guard case .deciding(let id) = phase else { return }
        switch verdict {
        case .declined: answer(.declined, id, into: &outbox)
        case .later: answer(.later, id, into: &outbox)
        case .taken(let missing):
            phase = .taking(id)
            wanted = missing.sorted(by: >)
            asked = [:]
            window = min(2, greatestWindow)
            progress = now
            retry.reset()
            if wanted.isEmpty { install(id, into: &outbox) } else { fetch(at: now, into: &outbox) }
        }
    }

    private mutating func answer(
        _ verdict: AnswerMessage.Verdict, _ id: CheckpointID, into outbox: inout Outbox
    ) {
        phase = .idle
        outbox.send(.answer(AnswerMessage(checkpoint: id, verdict: verdict)))
    }

    /// A chunk came. One that was not asked for is dropped.
    mutating func receive(_ chunk: ChunkMessage, at now: Instant, into outbox: inout Outbox) {
        guard case .taking(let id) = phase, chunk.checkpoint == id, asked[Int(chunk.index)] != nil else { return }
        progress = now
        retry.reset()
        outbox.add(.stage(chunk))
    }

    /// The shell keeps a chunk, or found that it is not the one that the manifest names.
    mutating func receive(
        stagedChunk index: Int, isSound: Bool, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard case .taking(let id) = phase, asked.removeValue(forKey: index) != nil else { return }
        guard isSound else { throw ProtocolViolation(.invalidChange, "a chunk is not what its manifest says") }
        window = min(window + 1, greatestWindow)
        if wanted.isEmpty, asked.isEmpty { install(id, into: &outbox) } else { fetch(at: now, into: &outbox) }
    }

    /// The checkpoint was installed, or cannot be.
    mutating func receive(installed: Bool, into outbox: inout Outbox) {
        guard case .installing(let id) = phase else { return }
        if installed { phase = .idle } else { answer(.declined, id, into: &outbox) }
    }

    private mutating func install(_ id: CheckpointID, into outbox: inout Outbox) {
        phase = .installing(id)
        outbox.add(.install(id))
    }

    // MARK: - Fetching

    private mutating func fetch(at now: Instant, into outbox: inout Outbox) {
        guard case .taking(let id) = phase else { return }
        while asked.count < window, let first = wanted.last {
            var count = 0
            while asked.count < window, count < Limits.fetchedChunks, wanted.last == first + count {
                wanted.removeLast()
                asked[first + count] = now
                count += 1
            }
            outbox.send(.fetch(FetchMessage(checkpoint: id, first: UInt64(first), count: UInt64(count))))
        }
    }

    mutating func tick(at now: Instant, into outbox: inout Outbox) {
        guard case .taking = phase else { return }
        guard progress.duration(to: now) < limits.offerPatience else {
            phase = .idle
            return
        }
        let overdue = asked.filter { $0.value.duration(to: now) >= retry.current }.keys
        guard !overdue.isEmpty else { return }
        retry.grow()
        window = max(1, window / 2)
        wanted = (wanted + overdue).sorted(by: >)
        for index in overdue { asked[index] = nil }
        fetch(at: now, into: &outbox)
    }
}
