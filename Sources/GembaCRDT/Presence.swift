/// Whether a row is there: every operation on a row is also a write to its presence.
///
/// A deletion is a mark among the writes. A row is alive while a write that is not a deletion stands, so an edit made
/// apart from a deletion wins, and the standing mark tells that the row was revived.
public enum PresenceMark: UInt8, Hashable, Sendable {
    /// The row was inserted or edited.
    case alive = 0
    case deleted = 1
}

extension DotFunction where Payload == PresenceMark {
    /// Whether a write stands that is not a deletion.
    @inlinable public var isAlive: Bool { writes.contains { $0.payload == .alive } }
}
