/// Bounds of protocol version 1. Those on changes are part of what makes a change valid; the others only delay.
public enum Limits {
    /// A frame fits one ZeroMQ message; larger ones are refused by the socket before they are held in memory.
    public static let frameBytes = 1 << 20
    /// A stored body, so that an entry, its deps and its run fit a frame.
    public static let bodyBytes = 960 << 10
    /// A body after decompression: a small frame must not become a large allocation.
    public static let contentBytes = 16 << 20
    /// Entries that one signature covers, so that a batch can be cut.
    public static let commitGroupEntries = 256
    /// Causal frontier of one change.
    public static let deps = 1024
    /// References of one change to other logs, like its deps.
    public static let references = 1024
    /// Nesting of CBOR items; the deepest message, a vector with children, needs 9.
    public static let nesting = 16
    /// A batch as senders fill it: large enough to amortise a transaction, small beside the credit window.
    public static let batchBytes = 256 << 10
    /// Bytes of data entries that may be on their way to a peer, until it says more.
    public static let dataWindow: UInt64 = 2 << 20
    /// Bytes of data entries that may be on their way to a peer, whatever it says. A node gives so much to one link at a time.
    public static let wideWindow: UInt64 = 10 << 20
    /// Bytes of roster entries that may be on their way to a peer.
    public static let rosterWindow: UInt64 = 64 << 10
    /// Entries of roster logs of one station that others fold, each history of a forked log counted whole: as many acts as a station
    /// states that writes one an hour for fifteen years. What is beyond is left for later.
    public static let rosterEntries = 128 << 10
    /// Signed heads in a hello.
    public static let heldHeads = 8
    /// UTF-8 bytes of an actor's name.
    public static let actorBytes = 256
    /// UTF-8 bytes of a reason.
    public static let reasonBytes = 16 << 10
    /// UTF-8 bytes of a station's or plant's name.
    public static let nameBytes = 64
    /// Stations that one act gives an epoch key to: with 119 bytes each they take an eighth of an entry.
    public static let epochWraps = 1024
    /// UTF-8 bytes of an endpoint in a beacon, as in the roster.
    public static let endpointBytes = 255
    /// Endpoints in a beacon: a machine with more networks than that says the first.
    public static let beaconEndpoints = 4
    /// A beacon as it is sent: one datagram that no network has to cut into pieces.
    public static let beaconBytes = 1200
    /// UTF-8 bytes of what a bye says.
    public static let byeTextBytes = 1024
    /// Names that both ends of a stream remember for its packs: 64 KiB of them, more than logs that are written to at once.
    public static let packedNames = 4096
    /// Chunks of a checkpoint: with their hashes in it a manifest still fits a frame.
    public static let checkpointChunks = 24 << 10
    /// What the chunks of a checkpoint may measure: small enough to pass a slow link between two pulses, large enough
    /// for any plant, and always small enough for a frame.
    public static let chunkBytes = 64 << 10...512 << 10
    /// Chunks that one message may ask for.
    public static let fetchedChunks = 16
    /// Ranges of entries that one message may ask for: with at most 53 bytes each they fit a frame, and no plant has written as
    /// many logs.
    public static let backfillRanges = 16 << 10
    /// Rows of a range that are compared one by one; a range with more is compared by the ranges that it consists of.
    public static let rangeRows = 64
    /// Ranges that one question about rows may name: an answer that lists the rows of all stays below 100 KiB.
    public static let comparedRanges = 32
    /// Rows whose states one question may ask for.
    public static let comparedRows = 16
    /// Bytes of a row's state in an answer, so that all fit a frame.
    public static let comparedStateBytes = 32 << 10
    /// References in each of the two lists of an announcement: both fit a frame.
    public static let announcedEntries = 8 << 10
    /// Links that a beacon passes: many times as many as the tree of any plant is deep.
    public static let treeHops: UInt64 = 255
    /// Entries that one message of traces names: some 24 KiB, and enough for a log with dozens of branches.
    public static let tracePoints = 1024
    /// Entries in one block of what stays of folded ones.
    public static let foldedEntries = 256
    /// Bytes of a section of a checkpoint: one row with its siblings may be large, other sections end long before.
    public static let sectionBytes = 64 << 20
    /// A piece of a bundle, as it stands in the file and as a section: what a frame holds, a piece holds.
    public static let bundlePieceBytes = frameBytes
    /// References in one extent of a bundle: some 200 KiB.
    public static let extentReferences = 4096
    /// References in one vector of a bundle: as many logs as a peer may name.
    public static let bundleReferences = 32 << 10
}
