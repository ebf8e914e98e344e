/// The name of a replica: one incarnation of a station's database.
///
/// It is the first 16 bytes of the hash of the replica's genesis entry, so nobody can choose another's, and two clones
/// of one disk that each open an incarnation get different ones.
public struct ReplicaID: SixteenBytes {
    /// The sixteen bytes as one big-endian number.
    public let rawValue: UInt128
    /// Creates an id from its number.
    @inlinable public init(rawValue: UInt128) { self.rawValue = rawValue }
}
