public import GembaWire

/// Which of several siblings a table shows.
///
/// The others are kept until a write settles them, whatever the rule: it decides what readers see and nothing else. It
/// enters no digest and no merge, so that stations whose programs declare different rules hold the same state. With one
/// rule they show the same value. A changed rule is applied when a replica is opened with it, to the rows that have
/// siblings.
///
/// A rule looks at each sibling by itself. Choosing pairwise between siblings would not be transitive (rule M12 of
/// `Protocol/04-operations.md`).
public struct ShownRule: Hashable, Sendable {
    enum Choice: Hashable, Sendable {
        case latest
        case first
        case greatest(order: [Value], column: String?)
        case function(String)
    }

    let choice: Choice

    /// The greatest (timestamp, replica).
    public static let latest = ShownRule(choice: .latest)
    /// The smallest (timestamp, replica): first wins, as for whoever claimed something.
    public static let first = ShownRule(choice: .first)

    /// The value that stands last in `order`, such as the most severe; a value that does not stand there comes before all
    /// that do. The latest of equals.
    ///
    /// - Parameter column: the column of the group that is looked at; nil stands for its first.
    public static func greatest(in order: [Value], of column: String? = nil) -> ShownRule {
        ShownRule(choice: .greatest(order: order, column: column))
    }

    /// The value to which a function of the program gives the greatest rank; the latest of equals.
    ///
    /// - Parameter id: names a ``RankFunction`` of the ``Schema``. Without one of that name the latest is shown, and
    ///   ``Replica/unresolvedRules`` says so.
    public static func function(_ id: String) -> ShownRule { ShownRule(choice: .function(id)) }
}

/// Ranks the values of a group, for a ``ShownRule``.
public struct RankFunction: Sendable {
    /// Names the function, in rules and in databases. When its answers change, it needs another name.
    public let id: String
    /// The rank of a write's values, in the order of the group's columns.
    ///
    /// It must be deterministic, or two stations show different values. Another version of the program may have written
    /// values that do not fit, of another kind or number.
    public let rank: @Sendable ([Value]) -> Int64

    /// Creates a function.
    public init(_ id: String, rank: @escaping @Sendable ([Value]) -> Int64) {
        self.id = id
        self.rank = rank
    }
}

/// A rule whose function the program does not have: the latest sibling is shown instead.
public struct UnresolvedRule: Hashable, Sendable, CustomStringConvertible {
    /// The name of the table.
    public var table: String
    /// The columns of the group.
    public var columns: [String]
    /// The function that is missing.
    public var function: String

    /// What is missing, and what follows.
    public var description: String {
        "Table \(table) ranks \(columns.joined(separator: ", ")) by “\(function)”, which this program does not have; "
            + "it shows the latest value instead."
    }
}

extension Schema {
    /// The rules that name a function which is not among ``ranks``.
    var unresolvedRules: [UnresolvedRule] {
        let known = Set(ranks.map(\.id))
        return tables.flatMap { table in
            table.groups.compactMap { group in
                guard case .function(let id) = group.rule.choice, !known.contains(id) else { return nil }
                return UnresolvedRule(table: table.name, columns: group.columns.map(\.name), function: id)
            }
        }
    }
}

extension Replica {
    /// The rules of the schema that this program cannot apply.
    public var unresolvedRules: [UnresolvedRule] { schema.unresolvedRules }
}
