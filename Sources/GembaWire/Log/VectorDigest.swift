internal import Crypto
internal import GembaCausality

/// Digests of sets of vector entries: equal for two replicas exactly when the sets are, hashes included.
public enum VectorDigest {
    /// The digest of a whole vector, whose entries are sorted by replica.
    public static func root(_ references: some Collection<ChangeReference>) -> HashPrefix {
        digest(references).prefix
    }

    /// The digest of the entries of one subtree, sorted by replica, as the big-endian number of its eight bytes.
    public static func child(_ references: some Collection<ChangeReference>) -> UInt64 {
        UInt64(truncatingIfNeeded: digest(references).rawValue.high >> 64)
    }

    private static func digest(_ references: some Collection<ChangeReference>) -> ChangeHash {
        var encoder = CBOREncoder(capacity: 48 * references.count)
        for reference in references { reference.encode(into: &encoder) }
        return ChangeHash(SHA256.hash(data: encoder.bytes))
    }
}
