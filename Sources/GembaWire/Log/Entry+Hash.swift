internal import Crypto
public import GembaCausality

extension Entry {
    /// The version of the header that this code writes.
    static let headerVersion: UInt64 = 1

    /// Separates hashes of entries from hashes of anything else.
    private static let hashTag = Array("gemba/entry/1".utf8)

    /// The header: what the hash of an entry covers.
    ///
    /// The body is represented by its length and hash, so that chains verify without bodies.
    ///
    /// - Parameter replica: The log's replica; nil exactly for the genesis, whose hash makes the name.
    public func header(replica: ReplicaID?, sequence: SequenceNumber) -> [UInt8] {
        precondition((replica == nil) == (sequence == 0), "entry \(sequence): only a genesis has no replica yet")
        var encoder = CBOREncoder(capacity: 96 + 48 * deps.count)
        encoder.array(count: 8)
        encoder.unsigned(Self.headerVersion)
        if let replica { encoder.fixed(replica) } else { encoder.null() }
        encoder.unsigned(sequence)
        encodeClearPart(into: &encoder)
        encoder.unsigned(UInt64(body.count))
        encoder.fixed(ChangeHash(SHA256.hash(data: body)))
        return encoder.bytes
    }

    /// The hash of this entry at its place, which covers everything before it in the log.
    public func hash(replica: ReplicaID?, sequence: SequenceNumber, previous: ChangeHash) -> ChangeHash {
        Self.hash(header: header(replica: replica, sequence: sequence), previous: previous)
    }

    /// The hash of the entry with this header, for chains whose bodies are not at hand.
    public static func hash(header: [UInt8], previous: ChangeHash) -> ChangeHash {
        var hasher = SHA256()
        hasher.update(data: hashTag)
        previous.withBytes { hasher.update(bufferPointer: $0) }
        hasher.update(data: header)
        return ChangeHash(hasher.finalize())
    }
}

extension ThirtyTwoBytes {
    /// Keeps a digest as a value.
    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { bytes in
            let high = UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self))
            let low = UInt128(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt128.self))
            return Self(rawValue: ThirtyTwoByteValue(high: high, low: low))
        }
    }
}
