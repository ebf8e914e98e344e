public import GembaCausality
public import GembaWire

/// What a session wants done by the shell that owns it. Actions are carried out in order; the answers to requests
/// come back as inputs, at once or later.
public enum SessionAction: Hashable, Sendable {
    /// Offer the frame to the link. It may be lost.
    case send(Frame)
    /// Take a snapshot of the vector; answered by ``Session/onSnapshot(_:of:at:)``.
    case requestSnapshot(LogKind)
    /// Read changes that the peer lacks; answered by ``Session/onLoaded(_:at:)``.
    case read(ReadRequest)
    /// Verify and apply the runs in one transaction; answered by ``Session/onApplied(_:of:at:)``. At most one is
    /// outstanding in a session.
    case apply(LogKind, [Run])

    /// Find or make a checkpoint for the peer; answered by ``Session/onCheckpoint(_:at:)``, much later perhaps.
    case prepareCheckpoint(isOnlyWay: Bool)
    /// Read chunks that the peer asks for; answered by ``Session/onChunks(_:at:)``, or by
    /// ``Session/onCheckpointGone(_:at:)``.
    case readChunks(CheckpointID, Range<Int>)
    /// The peer offers a checkpoint; answered by ``Session/onVerdict(_:at:)``.
    case offered(SignedManifest, isOnlyWay: Bool)
    /// Verify a chunk of the checkpoint that was taken, and keep it; answered by ``Session/onStaged(chunk:isSound:at:)``.
    case stage(ChunkMessage)
    /// All chunks are kept: install the checkpoint; answered by ``Session/onInstalled(_:at:)``, much later perhaps.
    case install(CheckpointID)

    /// Store bodies of entries that are held without them; answered by ``Session/onFilled(_:at:)``. At most one is
    /// outstanding in a session.
    case fill([BodyRun])
    /// The peer has no more of the bodies that it was asked for, or the asking was cut short.
    case backfilled
    /// Read bodies that the peer lacks; answered by ``Session/onBodies(_:at:)``.
    case readBodies(BackfillMessage)

    /// Look at this node's own rows, if they are made from this basis; answered by ``Session/onRows(_:to:at:)``, later perhaps.
    case consultRows(AgreementBasis, RowRequest)
    /// A comparison of rows made from this basis is over.
    case rowsCompared(AgreementBasis, AgreementVerdict)

    /// The peer says that it holds these; answered by ``Session/onExamined(held:at:)`` for those that this node holds, and
    /// handed to the node's ``Dissemination`` for those that it lacks.
    case announced([ChangeReference])
    /// The peer passed a beacon on, for the node's ``Dissemination``.
    case tree(TreeMessage)

    /// Tell what is held of logs of which the peer holds another history; answered by ``Session/onTraces(_:of:asks:at:)``.
    case trace(LogKind, [ReplicaID], asks: Bool)
    /// Find out which of these entries of the peer's are held; answered by ``Session/onPlaced(_:of:at:)``.
    case place(LogKind, [LogTrace])

    /// The peer introduced itself, for the first time or after a restart.
    case greeted(Hello)
    /// Signed heads that the peer holds of logs of this station: if one lies beyond or beside what is held here, and its
    /// signature is valid, this database was rolled back (L9).
    case evidence([SignedHead])
    /// A comparison is complete: these are the peer's entries.
    case compared(LogKind, theirs: [ChangeReference])
    /// Both ends hold the same place of a log with different histories (L7).
    case conflicting(LogKind, [ConflictingTips])
    /// How many changes the peer is known to hold that this node lacks.
    case behind(LogKind, changes: UInt64)
    /// The peer holds these entries durably, and everything before them.
    case peerHolds(LogKind, VersionVector)
    /// A new estimate of the peer's wall clock.
    case clockOffset(ClockOffset)
    /// The session is over; cut the link once the frames before this action were offered.
    case close(SessionEnd)
}

/// Asks the store for changes to send, in the order in which this node applied them (S1).
public struct ReadRequest: Hashable, Sendable {
    /// The kind of log.
    public var kind: LogKind
    /// Comes back with the answer, so that an answer to an earlier round is recognised.
    public var round: UInt64
    /// The place in the local apply order after which to begin.
    public var position: Int64
    /// What the peer holds; runs begin after it.
    public var known: VersionVector
    /// The bytes of entries at which to stop; a single run that is longer comes whole.
    public var maximumBytes: Int
    /// Who will read it. A stranger is shown no more of the roster than what proves the membership of those it
    /// already knows; when it turns out to be a member, reading begins again from the start.
    public var audience: Audience

    /// Who reads what is sent.
    public enum Audience: Hashable, Sendable {
        case member
        case stranger
    }
}

/// The answer to a ``ReadRequest``.
public struct LoadedRuns: Hashable, Sendable {
    /// The kind of log.
    public var kind: LogKind
    /// The round of the request.
    public var round: UInt64
    /// The runs in apply order; may be empty.
    public var runs: [Run]
    /// The place in the apply order from which to go on.
    public var position: Int64
    /// Whether nothing lies behind `position`.
    public var reachedEnd: Bool
    /// The logs that are forked, by their geneses.
    public var forked: Set<ReplicaID>

    /// Creates an answer.
    public init(
        kind: LogKind, round: UInt64, runs: [Run], position: Int64, reachedEnd: Bool, forked: Set<ReplicaID> = []
    ) {
        self.forked = forked
        self.kind = kind
        self.round = round
        self.runs = runs
        self.position = position
        self.reachedEnd = reachedEnd
    }
}

/// What became of an ``SessionAction/apply(_:_:)``.
public enum ApplyOutcome: Hashable, Sendable {
    /// Everything in the runs that this node will ever hold is held durably. The references are the new tips of the logs
    /// that advanced.
    case advanced([ChangeReference])
    /// Some runs had to be left out for now; the others were applied, and the references are the new tips. What was left
    /// out is asked for again.
    case incomplete(advanced: [ChangeReference], lacking: Lack)
    /// A run contradicts itself, a signature or a held roster, which is the peer's fault.
    case invalid(String)
    /// The store cannot apply anything at present, as with a full disk, which is not the peer's fault.
    case unavailable

    /// What a run that was left out waits for.
    public enum Lack: Hashable, Sendable {
        /// The roster entries that explain its author (T4).
        case roster
        /// A change that it refers to.
        case dependency
    }
}

/// One place of a log at which two nodes hold different histories.
public struct ConflictingTips: Hashable, Sendable {
    /// The entry held here.
    public var ours: ChangeReference
    /// The entry that the peer holds, of the same replica and sequence number.
    public var theirs: ChangeReference

    /// Creates a pair.
    public init(ours: ChangeReference, theirs: ChangeReference) {
        self.ours = ours
        self.theirs = theirs
    }
}

/// What the peer holds of a log, as far as it is held here: the answer to ``SessionAction/place(_:)``.
public struct PlacedTrace: Hashable, Sendable {
    /// The log, by its genesis.
    public var log: ReplicaID
    /// The end of each of its paths, by the names under which its changes stand here.
    public var ends: [ChangeReference]
    /// The last entries that both hold, by those names.
    public var held: [Dot]

    /// Creates an answer.
    public init(log: ReplicaID, ends: [ChangeReference], held: [Dot]) {
        self.log = log
        self.ends = ends
        self.held = held
    }
}

/// How a session ended.
public struct SessionEnd: Hashable, Sendable {
    /// Why; the code that was sent or received, or nil when the peer fell silent.
    public var code: ByeMessage.Code?
    /// The reason in words.
    public var text: String
    /// Whether the peer said good-bye.
    public var byPeer: Bool

    /// Creates an end.
    public init(code: ByeMessage.Code?, text: String, byPeer: Bool) {
        self.code = code
        self.text = text
        self.byPeer = byPeer
    }
}
