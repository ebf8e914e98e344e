public import GembaCausality

/// Why something that a person asked for was not done.
public struct FloorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is; more may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The code's name.
        public let rawValue: String
        /// Creates a code from its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is nothing by that name.
        public static let notFound = Code(rawValue: "notFound")
        /// Several things go by that name.
        public static let ambiguous = Code(rawValue: "ambiguous")
        /// Something was not said that must be.
        public static let missingInput = Code(rawValue: "missingInput")
        /// The ticket is not in a state for that.
        public static let notPossible = Code(rawValue: "notPossible")
    }

    /// The kind of error.
    public var code: Code
    /// What is wrong and what to do about it, as a sentence.
    public var message: String
    /// For an ambiguous name: the tickets that it may mean, with their numbers and titles.
    public var candidates: [Candidate]

    /// One of several tickets that a name may mean.
    public struct Candidate: Hashable, Sendable {
        /// The ticket.
        public var ticket: RowID
        /// Its number, with a letter where others share it.
        public var number: String
        /// Its title.
        public var title: String
    }

    /// Creates an error.
    public init(_ code: Code, _ message: String, candidates: [Candidate] = []) {
        self.code = code
        self.message = message
        self.candidates = candidates
    }

    /// The message, and each candidate on a line of its own.
    public var description: String {
        ([message] + candidates.map { "  \($0.number)  \($0.title)" }).joined(separator: "\n")
    }
}
