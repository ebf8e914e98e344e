/// Why keys, an invitation, a roster or an envelope could not be used, and what to do about it.
public struct TrustError: Error, Sendable {
    /// The kind of failure, to branch on.
    public var code: Code
    /// What went wrong and the remedy, for a person. It never contains a secret.
    public var message: String
    /// The failure underneath, where there is one.
    public var cause: (any Error)?
    /// Where in the source the failure was noticed.
    public var location: Location

    /// Creates an error; the location is that of the caller.
    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.location = Location(file: file, line: line)
    }

    /// A place in the source.
    public struct Location: Hashable, Sendable {
        /// Module and file.
        public var file: String
        /// The line, counted from 1.
        public var line: Int

        /// Creates a location.
        public init(file: String, line: Int) {
            self.file = file
            self.line = line
        }
    }

    /// A kind of failure. New kinds may be added; switch with a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case insecurePermissions, keyNotFound, keyExists, keyDamaged, inputOutput
            case passphraseNeeded, wrongPassphrase
            case malformedText, invalidName, unacceptableKey
            case invalidRun, notEnrolled, limitExceeded
            case bodyTooLarge, damagedBody, unknownEpoch
        }

        private let kind: Kind

        /// A file or folder with secrets can be read or replaced by others.
        public static let insecurePermissions = Self(kind: .insecurePermissions)
        /// There is no key file where one was expected.
        public static let keyNotFound = Self(kind: .keyNotFound)
        /// A key file is there already; it is never overwritten.
        public static let keyExists = Self(kind: .keyExists)
        /// A key file is incomplete, altered or of an unknown version.
        public static let keyDamaged = Self(kind: .keyDamaged)
        /// The keys are locked, and no passphrase was given.
        public static let passphraseNeeded = Self(kind: .passphraseNeeded)
        /// The keys are locked with another passphrase.
        public static let wrongPassphrase = Self(kind: .wrongPassphrase)
        /// The operating system refused a file operation.
        public static let inputOutput = Self(kind: .inputOutput)
        /// A printed invitation or recovery key was not copied correctly, or is none.
        public static let malformedText = Self(kind: .malformedText)
        /// A name of a station or plant breaks the rule for names.
        public static let invalidName = Self(kind: .invalidName)
        /// A public key is not canonical or has a small order.
        public static let unacceptableKey = Self(kind: .unacceptableKey)
        /// A run of entries breaks its hash chain or its signature.
        public static let invalidRun = Self(kind: .invalidRun)
        /// The roster offered does not make its station a member.
        public static let notEnrolled = Self(kind: .notEnrolled)
        /// More was offered than a stranger may offer.
        public static let limitExceeded = Self(kind: .limitExceeded)
        /// A body or its content is larger than the protocol permits.
        public static let bodyTooLarge = Self(kind: .bodyTooLarge)
        /// A body does not decompress, or its seal does not fit.
        public static let damagedBody = Self(kind: .damagedBody)
        /// A body is sealed under an epoch whose key is not held.
        public static let unknownEpoch = Self(kind: .unknownEpoch)

        /// The name of the code.
        public var description: String { kind.rawValue }
    }
}

extension TrustError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
