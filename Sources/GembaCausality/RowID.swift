/// The identity of a row: a UUID of version 7 (RFC 9562, section 5.7), so that rows made one after another lie side by
/// side in their table.
public struct RowID: SixteenBytes {
    /// The sixteen bytes as one big-endian number.
    public let rawValue: UInt128
    /// Creates an id from its number.
    @inlinable public init(rawValue: UInt128) { self.rawValue = rawValue }
}
