/// Ends a session and says why.
public struct ByeMessage: Hashable, Sendable {
    /// Why, for the peer's program.
    public var code: Code
    /// Why, for the peer's log: at most ``Limits/byeTextBytes``, and nothing of any record's content.
    public var text: String

    /// Creates a message from its parts.
    public init(code: Code, text: String) {
        self.code = code
        self.text = text
    }

    /// Why a session ends.
    ///
    /// Numbers are listed in the registry; an unknown one is shown as its number.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number.
        public let rawValue: UInt64

        /// Creates a code from its number.
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// The sender stops.
        public static let shutdown = Code(rawValue: 0)
        /// No protocol version is spoken by both.
        public static let noCommonVersion = Code(rawValue: 1)
        /// The receiver belongs to another plant.
        public static let otherPlant = Code(rawValue: 2)
        /// The hello claims another station than the link has proven.
        public static let identityMismatch = Code(rawValue: 3)
        /// A frame could not be decoded.
        public static let malformedFrame = Code(rawValue: 4)
        /// The receiver sent more than it may.
        public static let limitExceeded = Code(rawValue: 5)
        /// The receiver sent a run that does not verify.
        public static let invalidChange = Code(rawValue: 6)
        /// Another session between the two is kept.
        public static let duplicateLink = Code(rawValue: 7)
        /// The receiver's station is not, or is no longer, a member.
        public static let notAMember = Code(rawValue: 8)
        /// The receiver did not become a member in time.
        public static let lobbyTimeout = Code(rawValue: 9)
    }
}
