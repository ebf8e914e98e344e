/// Why a transport could not start or go on.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A kind of failure; more may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// A short name in camel case.
        public let description: String

        /// An endpoint is malformed or of a kind that is not supported.
        public static let invalidEndpoint = Code(description: "invalidEndpoint")
        /// Somebody else listens at the endpoint.
        public static let addressInUse = Code(description: "addressInUse")
        /// The endpoint names an address that this machine does not have, or may not use.
        public static let addressUnavailable = Code(description: "addressUnavailable")
        /// The library below is missing something that links cannot be trusted without.
        public static let unsupportedLibrary = Code(description: "unsupportedLibrary")
        /// A call failed that should not; a restart of the transport may help.
        public static let failed = Code(description: "failed")
    }

    /// What kind of failure it is.
    public var code: Code
    /// What happened and what to do about it.
    public var message: String

    /// Creates an error; `message` says what happened and what to do about it.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
