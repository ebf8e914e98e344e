internal import Crypto
public import GembaCausality

/// A hash of the merge state of a row or of a range of rows, in the tree by which replicas find out whether they agree.
///
/// Digests are kept on a machine and never leave it: whoever knows what a short value may be finds it in its hash. What is told
/// to others are fingerprints of them (``RowFingerprint``).
///
/// A Merkle tree (Merkle, CRYPTO 1987): the digest of a range is a hash of what is in it. Sums or XORs of hashes would be
/// cheaper to keep, and equal for sets that somebody chose.
public struct RowDigest: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a value from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }

    /// Stands for a row that is not compared.
    public static let notCompared = RowDigest(rawValue: 0)

    /// The digest of a row.
    ///
    /// - Parameter encoding: its merge state in canonical form, with table and id.
    public init(of encoding: [UInt8]) { self.init(hashing: encoding) }

    /// The digest of a range that has few rows.
    ///
    /// - Parameter rows: the digests of its rows, in the order of places, tables and ids.
    public init(ofRows rows: some Sequence<RowDigest>) {
        self.init(hashing: rows.reduce(into: [0]) { $0 += $1.bytes })
    }

    /// The digest of a range that has many rows.
    ///
    /// - Parameter children: the digests of the sixteen ranges that it consists of.
    public init(ofChildren children: some Sequence<RowDigest>) {
        self.init(hashing: children.reduce(into: [1]) { $0 += $1.bytes })
    }

    private init(hashing bytes: [UInt8]) {
        let hash = SHA256.hash(data: bytes).prefix(Self.byteCount)
        self.init(rawValue: hash.reduce(0) { $0 << 8 | UInt128($1) })
    }
}

/// A digest in the form that members tell each other: keyed, so that it says nothing to anybody else.
public struct RowFingerprint: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a value from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }
}
