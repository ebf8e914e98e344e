/// What a person did in the life of a ticket: the registry of numeric codes under which acts are stored.
///
/// A code is never reused and never changes its meaning. A code that this version does not know belongs to a newer one:
/// such an act is kept, forwarded and shown, and leaves every derived value as it is.
public struct TicketActKind: RawRepresentable, Hashable, Sendable {
    /// The stored code.
    public let rawValue: Int64

    /// Creates a kind from its stored code, known or not.
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Somebody told of a problem: the first act of a ticket.
    public static let report = Self(rawValue: 1)
    /// Somebody who can help has read the report and says who takes care of it.
    public static let acknowledge = Self(rawValue: 2)
    /// Work on it began.
    public static let start = Self(rawValue: 3)
    /// How it goes, in plain words and, where wanted, in technical ones.
    public static let note = Self(rawValue: 4)
    /// The author takes the ticket on.
    public static let claim = Self(rawValue: 5)
    /// The author gives the ticket to a person or a role.
    public static let assign = Self(rawValue: 6)
    /// The author, or the person named, helps whoever is responsible.
    public static let help = Self(rawValue: 7)
    /// The author, or the person named, is no longer responsible and no longer helps.
    public static let leave = Self(rawValue: 8)
    /// Work waits for something; the hold's identity is that of its act.
    public static let hold = Self(rawValue: 9)
    /// The hold that the act refers to is over.
    public static let unhold = Self(rawValue: 10)
    /// How severe it is, answered anew without making it more severe.
    public static let assess = Self(rawValue: 11)
    /// It is more severe than was known.
    public static let raise = Self(rawValue: 12)
    /// It still does not work, said by somebody who did not know that it had been resolved.
    public static let stillBroken = Self(rawValue: 13)
    /// It works again, says the one who mended it.
    public static let resolve = Self(rawValue: 14)
    /// It works again, says the one who reported it.
    public static let confirm = Self(rawValue: 15)
    /// It had been resolved and is broken again: a new round begins.
    public static let reopen = Self(rawValue: 16)
    /// The ticket should not have been: a duplicate, a mistake, a test, or another department's.
    public static let withdraw = Self(rawValue: 17)
    /// A withdrawal was wrong.
    public static let restore = Self(rawValue: 18)
    /// Fields changed in another system, as told by an import.
    public static let amend = Self(rawValue: 19)

    /// Every kind that this version knows, in the order of codes.
    public static let known: [Self] = [
        .report, .acknowledge, .start, .note, .claim, .assign, .help, .leave, .hold, .unhold, .assess, .raise,
        .stillBroken, .resolve, .confirm, .reopen, .withdraw, .restore, .amend,
    ]

    /// Whether this version knows what the act means.
    public var isKnown: Bool { Self.names[self] != nil }

    /// One word for lists and for machine-readable output; an unknown kind is called by its code.
    public var name: String { Self.names[self] ?? "act-\(rawValue)" }

    /// Whether the act, done by another person who did not know of a withdrawal, cancels that withdrawal: it shows that
    /// somebody takes the ticket seriously.
    public var isSubstantive: Bool { Self.substantive.contains(self) }

    /// Whether the act says that something may be wrong with calling the ticket resolved.
    public var isDoubt: Bool { self == .hold || self == .raise || self == .stillBroken }

    private static let substantive: Set<Self> = [
        .acknowledge, .claim, .assign, .help, .start, .hold, .unhold, .resolve, .confirm, .reopen, .raise, .stillBroken,
    ]

    private static let names: [Self: String] = [
        .report: "report", .acknowledge: "ack", .start: "start", .note: "note", .claim: "claim", .assign: "assign",
        .help: "help", .leave: "leave", .hold: "hold", .unhold: "unhold", .assess: "assess", .raise: "raise",
        .stillBroken: "still-broken", .resolve: "resolve", .confirm: "confirm", .reopen: "reopen",
        .withdraw: "withdraw", .restore: "restore", .amend: "amend",
    ]
}

extension TicketActKind: CustomStringConvertible {
    /// The same as ``name``.
    public var description: String { name }
}
