internal import Crypto
internal import GembaCausality

extension CheckpointManifest: WireCodable {
    private static let format: UInt64 = 1

    /// Appends the manifest.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 11)
        encoder.unsigned(Self.format)
        encoder.fixed(plant)
        encoder.fixed(maker)
        encoder.unsigned(made.rawValue)
        encoder.references(roster)
        encoder.unsigned(entries)
        encoder.unsigned(rows)
        encoder.fixed(state)
        encoder.unsigned(chunkBytes)
        encoder.unsigned(bytes)
        encoder.array(count: chunks.count)
        for chunk in chunks { encoder.fixed(chunk) }
    }

    /// Reads a manifest, whose chunks are as many as its length takes.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 11)
        guard try decoder.unsigned() == Self.format else { throw decoder.failure(.unsupportedVersion) }
        self.init(
            plant: try decoder.fixed(), maker: try decoder.fixed(),
            made: HybridTimestamp(rawValue: try decoder.unsigned()),
            roster: try decoder.references(maximum: Limits.references), entries: try decoder.unsigned(),
            rows: try decoder.unsigned(), state: try decoder.fixed(), chunkBytes: try decoder.unsigned(),
            bytes: try decoder.unsigned(),
            chunks: try decoder.nonEmptyList { (decoder) throws(WireError) in try decoder.fixed() })
        guard chunks.count <= Limits.checkpointChunks else { throw decoder.failure(.tooLong) }
        guard Limits.chunkBytes.contains(Int(clamping: chunkBytes)),
            bytes > 0, (bytes - 1) / chunkBytes + 1 == UInt64(chunks.count)
        else { throw decoder.failure(.invalid("a manifest has another number of chunks than its length takes")) }
    }
}

extension CheckpointID {
    private static let tag = Array("gemba/checkpoint/1".utf8)

    /// The name of the content that chunks of these hashes make up.
    init(chunks: [ChunkHash]) {
        var hash = SHA256()
        hash.update(data: Self.tag)
        for chunk in chunks { chunk.withBytes { hash.update(bufferPointer: $0) } }
        self.init(rawValue: ChangeHash(hash.finalize()).prefix.rawValue)
    }
}

extension ChunkHash {
    /// The hash of a chunk's content.
    public init(of content: [UInt8]) {
        self.init(rawValue: ChangeHash(SHA256.hash(data: content)).rawValue)
    }
}
