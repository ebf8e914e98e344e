import GembaCausality
import GembaTrust
import GembaWire

/// What came of bodies from a peer.
public struct BackfillOutcome: Hashable, Sendable {
    /// How many entries have a body that had none before.
    public var filledCount = 0
    /// What the carrier sent that no honest node sends; what came before it was stored all the same.
    public var problem: String?

    /// Nothing stored, no problem met.
    public init() {}
}

/// Puts bodies from a peer where entries were folded, in one transaction.
///
/// What stays of a folded entry names it: the prefix of its hash, and the whole hash where folded entries end. A body is
/// stored if the chain from an entry whose hash is known leads through these prefixes to a head that the log's station signed.
/// So a peer can bring nothing but what was folded here, or nothing.
struct Backfiller {
    let context: StoreContext
    private(set) var outcome = BackfillOutcome()
    /// Verified entries of one log, which are written together.
    private var open: Stretch?
    private var operations = OperationBatch()

    private struct Stretch {
        var tip: LogTip
        /// The whole hash of the entry before the first.
        var start: ChangeHash
        var first: SequenceNumber
        var hash: ChangeHash
        var entries: [FilledEntry] = []
        var heads: [Segment.Head] = []

        var last: SequenceNumber { first + SequenceNumber(entries.count) - 1 }
    }

    /// Whether runs of entries that have their bodies count, for the sake of their heads.
    private let isThorough: Bool

    init(_ context: StoreContext, isThorough: Bool) {
        self.context = context
        self.isThorough = isThorough
    }

    mutating func fill(_ bodies: [BodyRun]) throws {
        for body in bodies {
            guard outcome.problem == nil else { break }
            try verify(body)
        }
        try close()
    }

    // MARK: - Verifying

    private mutating func verify(_ body: BodyRun) throws {
        let run = body.run
        // What was not lacking when it was asked for may have been dropped since, and what was unknown is of no use.
        guard let tip = try context.log.tip(of: run.replica), tip.kind == .data, run.first > 0,
            run.first <= tip.sequence
        else { return }
        if open?.tip.number != tip.number || open.map({ $0.last + 1 }) != run.first { try close() }
        // An honest giver begins with what is lacking. Anywhere else the hash before it may take long to compute.
        let first = LocalDot(replica: tip.number, sequence: run.first)
        guard try isThorough || context.log.segment(of: first)?.isFolded == true else { return }
        let before = LocalDot(replica: tip.number, sequence: run.first - 1)
        // Another history of the same log is its author's fault.
        guard let prefix = try context.log.record(of: before)?.prefix, run.previous == prefix,
            let start = try open?.hash ?? context.log.wholeHash(of: tip, at: before.sequence) ?? body.start,
            start.prefix == prefix
        else { return }
        let verified: VerifiedRun
        do {
            verified = try VerifiedRun(
                verifying: run, kind: .data, plant: context.environment.plant,
                after: .init(hash: start, station: tip.station))
        } catch {
            outcome.problem = error.message
            return
        }
        try take(verified, run: run, start: start, of: tip)
    }

    private mutating func take(_ verified: VerifiedRun, run: Run, start: ChangeHash, of tip: LogTip) throws {
        let count = min(run.entries.count, Int(tip.sequence - run.first + 1))
        var records: [SegmentRecord] = []
        for index in 0..<count {
            let dot = LocalDot(replica: tip.number, sequence: run.first + SequenceNumber(index))
            let hash = verified.entries[index].hash
            guard let record = try context.log.record(of: dot), record.prefix == hash.prefix,
                try context.log.hash(of: tip.number, folded: dot.sequence).map({ $0 == hash }) ?? true
            else { return }
            records.append(record)
        }
        var stretch = open ?? Stretch(tip: tip, start: start, first: run.first, hash: start)
        open = nil
        for index in 0..<count {
            let dot = LocalDot(replica: tip.number, sequence: run.first + SequenceNumber(index))
            let (entry, hash) = verified.entries[index]
            let deps = try entry.deps.compactMap { try context.log.resolve($0, kind: .data) }
            try context.history.record(dot, deps: deps)
            // Until now it was its checkpoint's maker that said when a change was made.
            let place = Envelope.Place(
                replica: tip.author, sequence: dot.sequence,
                previous: index == 0 ? start : verified.entries[index - 1].hash)
            if !records[index].isQuarantined, let frame = frame(of: entry, at: place) {
                records[index].timestamp = frame.timestamp
                records[index].lamport = frame.lamport
                try noteContests()
            }
            records[index].length = run.entries[index].count
            stretch.entries.append(
                FilledEntry(record: records[index], hash: hash, encoded: run.entries[index]))
        }
        if count == run.entries.count {
            stretch.heads.append(Segment.Head(sequence: run.last, signature: run.signature))
        }
        stretch.hash = verified.entries[count - 1].hash
        open = stretch
    }

    /// What a change says of itself; nil when it has no effect.
    private mutating func frame(of entry: Entry, at place: Envelope.Place) -> OperationBatch.Frame? {
        operations.removeAll()
        return try? context.read(entry, at: place, into: &operations)
    }

    /// What is said of a row's conflicts may say more when the body of a change of theirs is there.
    private func noteContests() throws {
        for item in operations.items where try context.hasConflict(over: item.row, in: item.table) {
            context.rows.noteContest(over: item.row, in: item.table)
        }
    }

    // MARK: - Storing

    private mutating func close() throws {
        guard let stretch = open else { return }
        open = nil
        let log = context.log
        let number = stretch.tip.number
        let filled = try log.fill(
            number, from: stretch.first, after: stretch.start, stretch.entries, heads: stretch.heads)
        outcome.filledCount += filled
        try log.moveFloor(
            from: (LocalDot(replica: number, sequence: stretch.first - 1), stretch.start),
            to: (LocalDot(replica: number, sequence: stretch.last), stretch.hash))
    }
}

/// What was settled of a backfill.
public struct BackfillSettlement: Hashable, Sendable {
    /// Whether floors have sunk, so that peers can be sent what could not be sent before.
    public var hasSunk = false
    /// Whether there is no floor any more: the replica stands on no checkpoint.
    public var isComplete = false
    /// Whether the heads that came with the bodies admit no causal order, because they came from several peers: floors stay
    /// where they are until one peer has shown all of its heads.
    public var lacksHeads = false
}

extension StoreContext {
    /// Puts entries whose bodies came back in order, and forgets the floors above which they stood.
    func settleBackfill() throws -> BackfillSettlement {
        var settlement = BackfillSettlement()
        guard try log.hasUnsettledFloors() else { return settlement }
        if !environment.sources.calibration.contains(.backfillKeepsOrder) {
            var order = CausalOrder(self)
            guard let stretches = try order.find() else {
                settlement.lacksHeads = true
                return settlement
            }
            try log.renewOrder(stretches)
        }
        settlement.hasSunk = try log.settleFloors()
        settlement.isComplete = try log.logsWithFloors().isEmpty
        if settlement.isComplete { try connection.statement("DELETE FROM gemba_checkpoint").run() }
        return settlement
    }
}
