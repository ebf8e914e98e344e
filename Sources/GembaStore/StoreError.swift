/// An error of the store: what went wrong, and what to do about it.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. More may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The code's name.
        public let rawValue: String
        /// Creates a code.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no replica in the folder.
        public static let notFound = Code(rawValue: "notFound")
        /// There is a replica in the folder already.
        public static let alreadyExists = Code(rawValue: "alreadyExists")
        /// The database was made by a newer version, or is not a replica.
        public static let unsupportedDatabase = Code(rawValue: "unsupportedDatabase")
        /// The declared schema contradicts itself or what is stored.
        public static let invalidSchema = Code(rawValue: "invalidSchema")
        /// A table, column or row that does not exist was named.
        public static let unknownName = Code(rawValue: "unknownName")
        /// A value does not fit its column or is not canonical.
        public static let invalidValue = Code(rawValue: "invalidValue")
        /// The operation is not possible in the row's state.
        public static let invalidOperation = Code(rawValue: "invalidOperation")
        /// A change is larger than the protocol allows.
        public static let limitExceeded = Code(rawValue: "limitExceeded")
        /// This station may not do that.
        public static let notPermitted = Code(rawValue: "notPermitted")
        /// What is stored contradicts itself.
        public static let corrupted = Code(rawValue: "corrupted")
        /// Two histories stand under one name.
        public static let diverged = Code(rawValue: "diverged")
        /// SQLite or the file system failed.
        public static let storageFailed = Code(rawValue: "storageFailed")
    }

    /// What kind of error it is.
    public var code: Code
    /// What happened, with the remedy. Contents of rows are left out.
    public var message: String
    /// The error beneath, if there is one.
    public var cause: (any Error)?

    /// Creates an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The transaction at hand is no longer there.
    static var transactionLost: StoreError {
        StoreError(
            .storageFailed, "SQLite took the whole write back after an error, and nothing of it was kept. Try it again."
        )
    }

    /// The message, with the cause.
    public var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}
