public import GembaCausality

/// What a checkpoint is made of: the hashes of its chunks, and what its maker says of it.
///
/// A checkpoint is the merge state of all rows at a cut, as a stream of sections (``CheckpointSection``) that is cut into
/// chunks of one size. Whoever holds the manifest can verify each chunk by itself, from whomever it comes.
public struct CheckpointManifest: Hashable, Sendable {
    /// The plant.
    public var plant: PlantID
    /// The station that made and signed it.
    public var maker: StationKey
    /// When, by the maker's clock; display data.
    public var made: HybridTimestamp
    /// The frontier of the roster logs that the maker held: what is needed to know the authors.
    public var roster: [ChangeReference]
    /// How many entries of data logs the cut covers.
    public var entries: UInt64
    /// How many rows there are, deleted ones included.
    public var rows: UInt64
    /// The digest of all merge states at the cut.
    public var state: StateDigest
    /// The length of every chunk but the last.
    public var chunkBytes: UInt64
    /// The length of the stream.
    public var bytes: UInt64
    /// The hashes of the chunks, in order. Invariant: as many as `bytes` takes.
    public var chunks: [ChunkHash]

    /// Creates a manifest from its parts.
    public init(
        plant: PlantID, maker: StationKey, made: HybridTimestamp, roster: [ChangeReference], entries: UInt64,
        rows: UInt64, state: StateDigest, chunkBytes: UInt64, bytes: UInt64, chunks: [ChunkHash]
    ) {
        self.plant = plant
        self.maker = maker
        self.made = made
        self.roster = roster
        self.entries = entries
        self.rows = rows
        self.state = state
        self.chunkBytes = chunkBytes
        self.bytes = bytes
        self.chunks = chunks
    }

    /// Names the content, whoever made it: two members at one cut make chunks of the same name.
    public var id: CheckpointID { CheckpointID(chunks: chunks) }

    /// The length of one chunk.
    public func length(ofChunk index: Int) -> Int {
        Int(min(chunkBytes, bytes - UInt64(index) * chunkBytes))
    }
}

/// The hash of a chunk's content, before it is compressed for its way.
public struct ChunkHash: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// The name of a checkpoint's content.
public struct CheckpointID: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a value from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }
}

/// A hash over the merge state of all rows: equal on two replicas that hold the same changes and the same roster,
/// whatever their schemas.
public struct StateDigest: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a digest from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}
