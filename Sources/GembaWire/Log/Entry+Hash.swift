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
        var encoder = CBOREncoder(capacity: headerCapacity)
        encodeHeader(replica: replica, sequence: sequence, into: &encoder)
        return encoder.bytes
    }

    private var headerCapacity: Int { 96 + 48 * deps.count }

    private func encodeHeader(replica: ReplicaID?, sequence: SequenceNumber, into encoder: inout CBOREncoder) {
        precondition((replica == nil) == (sequence == 0), "entry \(sequence): only a genesis has no replica yet")
        encoder.array(count: 8)
        encoder.unsigned(Self.headerVersion)
        if let replica { encoder.fixed(replica) } else { encoder.null() }
        encoder.unsigned(sequence)
        encodeClearPart(into: &encoder)
        encoder.unsigned(UInt64(body.count))
        encoder.fixed(ChangeHash(hashing: body))
    }

    /// The hash of this entry at its place, which covers everything before it in the log.
    public func hash(replica: ReplicaID?, sequence: SequenceNumber, previous: ChangeHash) -> ChangeHash {
        // All that is hashed goes into one buffer: the hash function is slow to be called, and fast to run.
        var encoder = Self.hashed(after: previous, capacity: headerCapacity)
        encodeHeader(replica: replica, sequence: sequence, into: &encoder)
        return ChangeHash(hashing: encoder.bytes)
    }

    /// The hash of the entry with this header, for chains whose bodies are not at hand.
    public static func hash(header: [UInt8], previous: ChangeHash) -> ChangeHash {
        var encoder = hashed(after: previous, capacity: header.count)
        encoder.raw(header)
        return ChangeHash(hashing: encoder.bytes)
    }

    /// What is hashed before a header.
    private static func hashed(after previous: ChangeHash, capacity: Int) -> CBOREncoder {
        var encoder = CBOREncoder(capacity: hashTag.count + 32 + capacity)
        encoder.raw(hashTag)
        previous.withBytes { encoder.raw($0) }
        return encoder
    }
}

extension ThirtyTwoBytes {
    /// The SHA-256 of bytes.
    fileprivate init(hashing bytes: [UInt8]) {
        var hasher = SHA256()
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        self.init(hasher.finalize())
    }

    /// Keeps a digest as a value.
    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { bytes in
            let high = UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self))
            let low = UInt128(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt128.self))
            return Self(rawValue: ThirtyTwoByteValue(high: high, low: low))
        }
    }
}
