import GembaCRDT
import GembaCausality
import GembaWire

/// What a change has done to one text so far: one edit of the text as it was before the change.
///
/// A change edits a text once, in normal form, however many steps it takes; what it inserts and deletes again is nothing.
struct TextDraft {
    struct Place: Hashable {
        var table: TableID
        var row: RowID
        var group: GroupID
    }

    /// The text before the change.
    let base: TextDocument<Dot>
    /// What the change does to it.
    private(set) var edit = TextEdit()

    init(base: TextDocument<Dot>) { self.base = base }

    mutating func append(_ next: TextEdit) { edit.append(next) }

    /// The text after the change, and what is sent of it.
    func applied(as dot: Dot) -> (document: TextDocument<Dot>, effect: TextEffect) {
        var document = base
        let operation = document.apply(edit, as: dot)
        return (document, TextEffect(operation))
    }
}
