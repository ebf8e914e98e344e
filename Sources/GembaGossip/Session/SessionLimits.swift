public import GembaWire

/// What a session waits for, how long, and how much of a peer's misbehaviour it bears.
///
/// Every figure has a reason. Both ends of a link must agree on the windows, so only tests change those.
public struct SessionLimits: Hashable, Sendable {
    // MARK: - Repetition, because the wire loses frames

    /// How long an unanswered hello, root or vector message waits before it is sent again. Within a round the interval
    /// doubles, so that a slow link is not filled with repetitions.
    public var repetition: Duration = .seconds(1)
    /// How long a comparison may take before a new round replaces it. Doubles while rounds fail, because on a link
    /// slower than this every answer would come too late for ever.
    public var comparison: Duration = .seconds(5)
    /// How long a sender waits for an acknowledgement before it starts a new round. Doubles while nothing is acknowledged.
    public var stall: Duration = .seconds(10)
    /// How far the patience with a comparison or a stalled stream may grow.
    public var greatestPatience: Duration = .seconds(160)
    /// The least time between two rounds that this side opens. Doubles up to ``slowestOpening`` until something
    /// was applied, so that a link that loses most frames is not kept busy with comparisons.
    public var opening: Duration = .milliseconds(50)
    /// See ``opening``.
    public var slowestOpening: Duration = .seconds(5)
    /// How long the stream must be quiet before what was left out of it is asked for again. Doubles up to
    /// ``greatestPatience`` while the same is left out again, since all of it is sent again.
    public var leftOutRetry: Duration = .seconds(1)
    /// How often the store is asked again after it could not answer, as with a full disk.
    public var storeRetry: Duration = .seconds(1)

    // MARK: - Liveness

    /// A link on which nothing was sent for this long carries a pulse.
    public var idlePulse: Duration = .seconds(2)
    /// Even a busy link carries a pulse this often, because only pulses show that the tail of a stream was lost.
    public var busyPulse: Duration = .seconds(5)
    /// While changes are unacknowledged an otherwise idle link carries pulses this often.
    public var probe: Duration = .seconds(1)
    /// A peer that was not heard of for this long is gone: five idle pulses were lost in a row.
    public var silence: Duration = .seconds(10)
    /// At most this often a pulse is answered at once, so that the echo gives a round trip without waiting time.
    public var promptEcho: Duration = .seconds(60)

    // MARK: - Credit

    /// Bytes of data entries that may be unacknowledged.
    public var dataWindow: UInt64 = Limits.dataWindow
    /// The same on a link that was given room: a catch-up that is applied in large transactions takes half the time.
    public var wideWindow: UInt64 = Limits.wideWindow
    /// Bytes of roster entries that may be unacknowledged.
    public var rosterWindow: UInt64 = Limits.rosterWindow
    /// The bytes at which a batch is full.
    public var batchBytes: Int = Limits.batchBytes
    /// The bytes of batches that are applied together, when so many wait: the more, the fewer pages are written time and
    /// again. A local commit does not wait for so much: the store gives way.
    public var appliedBytes: Int = 10 << 20
    /// Batches that may be unacknowledged; bounds what the sender keeps about them when batches are tiny.
    public var outstandingBatches = 1024

    // MARK: - Checkpoints

    /// The least number of changes that a peer must lack to be offered a checkpoint although they could be streamed: these
    /// take about a second to apply, and making a checkpoint is not worth less.
    public var checkpointChanges: UInt64 = 20_000
    /// How long an offer waits for an answer before it is repeated. Doubles, since the manifest of a large plant is long.
    public var offerRepetition: Duration = .seconds(5)
    /// How long an offer, or a fetch, may go without any sign of the peer before both ends go on without it.
    public var offerPatience: Duration = .seconds(120)
    /// How long a chunk may take before it is asked for again. Doubles while nothing comes.
    public var chunkRetry: Duration = .seconds(5)
    /// Bytes of chunks that may be on their way, before compression: half of what a link may have waiting at the receiver.
    public var chunkWindow: UInt64 = 1 << 20

    // MARK: - Backfill

    /// How long a question for bodies waits for an answer before it is asked again. Doubles while nothing comes, since the
    /// peer answers when it has nothing else to send.
    public var backfillRetry: Duration = .seconds(5)
    /// How long a peer that had no more bodies is left alone, unless a new round begins: it may have got some meanwhile from
    /// others, which nothing tells.
    public var backfillRest: Duration = .seconds(300)
    /// Questions for bodies that are answered in a burst before each waits for ``backfillRefill``.
    public var backfillBurst = 16
    /// See ``backfillBurst``. Ten answers of 256 KiB a second bring a million changes in two minutes, and leave the disk and
    /// the processor to others.
    public var backfillRefill: Duration = .milliseconds(100)
    /// Answers in a row that may bring nothing. Looking through a million stretches for the one that is wanted takes 64.
    public var fruitlessAnswers = 1024

    // MARK: - Agreement

    /// How long a question about rows waits for an answer before it is asked again. Doubles while nothing comes.
    public var comparisonRetry: Duration = .seconds(5)
    /// How long a comparison of rows goes on without an answer. The peer may have to make its tree first, or rows anew.
    public var comparisonPatience: Duration = .seconds(120)
    /// Questions of one comparison: those that finding so many rows as ``foundRows`` takes, twice.
    public var comparisonQuestions = 256
    /// Differing rows that one comparison looks for. More are found by the next, when these are repaired.
    public var foundRows = 256
    /// Questions about ranges that are answered in a burst before each waits for ``rangeRefill``.
    public var rangeBurst = 64
    /// See ``rangeBurst``. An answer reads at most 32 ranges of 64 rows.
    public var rangeRefill: Duration = .milliseconds(250)
    /// Questions about the states of rows that are answered in a burst before each waits for ``rowRefill``.
    public var rowBurst = 20
    /// See ``rowBurst``. An answer reads all logs once, about a second for a million changes.
    public var rowRefill: Duration = .seconds(10)

    // MARK: - Dissemination

    /// As long as no node of a plant has more links than this, everything new is sent over all of them: a change comes to a
    /// node a few times over, and nothing has to be arranged.
    public var pushedLinks = 6
    /// The least time between two announcements, so that changes that follow each other are named together.
    public var announcement: Duration = .milliseconds(100)
    /// The same for an announcement that only confirms what the peer announced.
    public var confirmation: Duration = .seconds(1)
    /// How long what was announced may go without a confirmation before it is announced again. Doubles up to
    /// ``greatestPatience`` while nothing is confirmed.
    public var announcementRepetition: Duration = .seconds(3)
    /// How long a change that was announced may be on its way along the tree before whoever announced it is asked. A tree
    /// of 1,000 nodes is about ten links deep, each of which takes some ten milliseconds.
    public var missingPatience: Duration = .seconds(1)
    /// How long a node that asked for a missing change wants everything from whom it asked, unless it comes twice. Short, since
    /// on links that lose frames many are asked; as long as the tree is broken, they are asked again.
    public var graftLife: Duration = .seconds(2)
    /// How often the root sends a beacon: a tree that broke unnoticed is mended within that.
    public var beaconPeriod: Duration = .seconds(5)
    /// How long a node waits for the beacon to come from its parent after it came from another.
    public var beaconGrace: Duration = .seconds(1)
    /// How long the root may be silent before it is taken for dead: three beacons.
    public var rootLife: Duration = .seconds(15)
    /// How long a peer's wish holds: four beacons, three of which may be lost.
    public var wishLife: Duration = .seconds(20)
    /// How many links shorter another way to the root has to be for a node to give up its parent.
    public var worthwhileHops: UInt64 = 2
    /// Beacons that are passed on in a burst before each waits for ``beaconRefill``. An election passes about seven in a plant
    /// of 1,000 nodes; whoever makes beacons up is not passed on to all others without measure.
    public var beaconBurst = 16
    /// See ``beaconBurst``.
    public var beaconRefill: Duration = .seconds(1)

    // MARK: - Budgets

    /// How long a stranger may take to prove its membership (T7).
    public var lobbyTime: Duration = .seconds(5)
    /// What a stranger may send before that, in bytes of frames (T7).
    public var lobbyBytes = 64 << 10
    /// How long data waits for a roster that the peer announced and does not send.
    public var roster: Duration = .seconds(10)
    /// Replicas of one log kind that a peer may name: what is kept about a peer is proportional to it.
    public var replicas = 32 << 10
    /// So many entries may wait to be applied as the window holds of this size in bytes. An honest entry is larger, so that the
    /// window is reached first; entries of a few bytes would otherwise take a hundred times the window in memory.
    public var leastEntryBytes = 64
    /// Rounds that a peer may open in a burst before each waits for ``roundRefill``; a round costs a snapshot of the vector.
    public var roundBurst = 32
    /// See ``roundBurst``.
    public var roundRefill: Duration = .milliseconds(250)
    /// Steps of comparisons that are taken in a burst before each waits for ``stepRefill``: a comparison of all the replicas
    /// that a peer may name takes some fifty frames.
    public var stepBurst = 512
    /// See ``stepBurst``.
    public var stepRefill: Duration = .milliseconds(10)
    /// Bytes of answers to one step of a comparison, as they are encoded. All the replicas that a peer may name take one and a
    /// half megabytes; questions that ask for more have this node say the same many times.
    public var stepAnswerBytes = 2 << 20
    /// Offers of checkpoints that are taken in a burst before each waits for ``offerRefill``: each is up to a megabyte of
    /// hashes and a signature to be verified, and honest ones come every five seconds at most.
    public var offerBurst = 4
    /// See ``offerBurst``.
    public var offerRefill: Duration = .seconds(2)
    /// Requests for chunks that are taken in a burst before each waits for ``fetchRefill``: a hundred a second are fifty
    /// megabytes.
    public var fetchBurst = 64
    /// See ``fetchBurst``.
    public var fetchRefill: Duration = .milliseconds(10)
    /// Frames that may come too soon in a burst, and be dropped, before the session ends.
    public var excessBurst = 1024
    /// See ``excessBurst``.
    public var excessRefill: Duration = .milliseconds(100)
    /// Frames that may come again in a burst before the session ends: whoever opens a round leaves up to
    /// ``outstandingBatches`` of the one before on their way.
    public var repeatBurst = 8192
    /// See ``repeatBurst``.
    public var repeatRefill: Duration = .milliseconds(2)
    /// The highest round number. A session that opened a round every millisecond would take seven weeks to get there.
    public var greatestRound: UInt64 = 1 << 32
    /// Times that a root is repeated within a round for a peer that repeats its own, so that two repetitions never feed
    /// each other for ever.
    public var rootAnswers = 8
    /// Times that an acknowledgement is repeated for pulses that follow the same batch.
    public var repeatedAcks = 8
    /// Acknowledgements that name one changed entry, since any of them may be lost.
    public var mentions = 4
    /// Changed entries in one acknowledgement: 360 KiB, about a third of a frame.
    public var mentionedEntries = 8 << 10
    /// How often the work of a comparison may be repeated, as a multiple of one pass over both vectors. A walk passes
    /// each entry once for each level, at most five for any sensible number of replicas; the rest is for repetition.
    public var comparisonPasses = 16
    /// Parts of one step of a comparison: a step of honest ones is full at 128 KiB, which is some 900 digests.
    public var stepParts = 4096
    /// Consecutive comparisons whose answers contradicted the peer's own digest.
    public var contradictions = 4
    /// Times that a peer may begin anew under another session id on one link: a crash-looping process dials new links.
    public var peerRestarts = 8

    /// The standard limits.
    public init() {}

    /// The credit window for logs of one kind.
    public func window(for kind: LogKind, isWide: Bool = false) -> UInt64 {
        switch kind {
        case .data: isWide ? max(wideWindow, dataWindow) : dataWindow
        case .roster: rosterWindow
        }
    }
}
