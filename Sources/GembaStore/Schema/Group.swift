public import GembaWire

/// The unit of merge in a row: one column, or several that only make sense together.
///
/// Its number and its member list are frozen for ever: a new column is a new group, and regrouping makes a new group
/// with a new number. Otherwise an old station's write of the group would erase the column it does not know.
public struct Group: Hashable, Sendable {
    /// How concurrent effects on the group merge.
    public enum Merge: Hashable, Sendable {
        /// Un-replaced writes are kept, and one of them is shown.
        case register
        /// Additions win over removals that did not know them. The column shows a JSON array.
        case set
        /// Increments add up.
        case counter
        /// Written once, with the row.
        case fact
        /// People's insertions and deletions of characters are all kept.
        case text
    }

    /// Stable for ever within its table.
    public let id: GroupID
    /// How concurrent effects merge.
    public let merge: Merge
    /// The members in their frozen order; exactly one for a set, a counter or a text.
    public let columns: [Column]
    /// Which of several siblings is shown; of a counter, which of several bases.
    public let rule: ShownRule
    /// Whether the program no longer wants the group: see ``hidden()``.
    public let isHidden: Bool

    private init(
        id: GroupID, merge: Merge, columns: [Column], rule: ShownRule = .latest, isHidden: Bool = false
    ) {
        self.id = id
        self.merge = merge
        self.columns = columns
        self.rule = rule
        self.isHidden = isHidden
    }

    /// The same group where the program no longer wants it: its columns lose their names, which others may take, and what
    /// is in them or others write to them is kept as before.
    public func hidden() -> Group {
        let columns = columns.enumerated().map { place, column in
            var column = column
            column.name = "gemba_hidden_\(id.rawValue)_\(place)"
            return column
        }
        return Group(id: id, merge: merge, columns: columns, rule: rule, isHidden: true)
    }

    /// A register of one column.
    public static func register(_ id: GroupID, _ column: Column, shows rule: ShownRule = .latest) -> Group {
        Group(id: id, merge: .register, columns: [column], rule: rule)
    }

    /// A register of several columns that are always written together.
    public static func register(_ id: GroupID, _ columns: [Column], shows rule: ShownRule = .latest) -> Group {
        Group(id: id, merge: .register, columns: columns, rule: rule)
    }

    /// A set of values.
    public static func set(_ id: GroupID, _ name: String) -> Group {
        Group(id: id, merge: .set, columns: [Column(name, .text, default: .text("[]"))])
    }

    /// A sum of increments.
    public static func counter(_ id: GroupID, _ name: String, shows rule: ShownRule = .latest) -> Group {
        Group(id: id, merge: .counter, columns: [Column(name, .integer, default: .integer(0))], rule: rule)
    }

    /// A text that several people edit at once, character by character.
    public static func text(_ id: GroupID, _ name: String) -> Group {
        Group(id: id, merge: .text, columns: [Column(name, .text, default: .text(""))])
    }

    /// The columns of a fact: a row of a table that has only such groups is never edited.
    public static func fact(_ id: GroupID, _ columns: [Column], shows rule: ShownRule = .latest) -> Group {
        Group(id: id, merge: .fact, columns: columns, rule: rule)
    }
}
