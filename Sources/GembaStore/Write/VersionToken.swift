import GembaCausality
import GembaWire

/// What a person saw of a row: the writes behind every column that was shown.
///
/// A form keeps the token while it is open and passes it with the update. The update then replaces exactly what was seen:
/// a write that arrived meanwhile stays as a sibling instead of being silently overwritten.
public struct VersionToken: Hashable, Sendable {
    var dots: [GroupID: [Dot]]
}
