internal import Crypto
internal import GembaCausality
public import GembaWire

/// The key that outranks every member of a plant (T2). It is made at the founding, kept offline, and used only when
/// the founder's station is lost or stolen.
///
/// Only the public half enters the roster. The private half is shown once, as ``printed``, or stored in a file of its
/// own.
public struct RecoveryKey: Sendable {
    /// The public half, which the founding names.
    public let publicKey: StationKey

    private let signing: Curve25519.Signing.PrivateKey

    private static let form = PrintedSecret(prefix: "gemba-recovery1-", noun: "recovery key")
    private static let secretBytes = 32

    private init?(secret: [UInt8]) {
        guard let signing = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret),
            let publicKey = StationKey(bytes: signing.publicKey.rawRepresentation)
        else { return nil }
        self.signing = signing
        self.publicKey = publicKey
    }

    /// Makes a new key; `generator` must be unpredictable wherever the key protects anything.
    public static func generate(using generator: inout some RandomNumberGenerator) -> RecoveryKey {
        guard let key = RecoveryKey(secret: generator.randomBytes(count: secretBytes)) else {
            preconditionFailure("any 32 bytes are a private key of Ed25519")
        }
        return key
    }

    /// Reads a key as ``printed``; white space around it and the case of letters do not matter.
    public init(printed text: String) throws(TrustError) {
        guard let key = RecoveryKey(secret: try Self.form.parse(text)) else {
            throw Self.form.malformed("it has another length")
        }
        self = key
    }

    func signature(of message: [UInt8]) -> [UInt8] { Ed25519.signature(of: message, by: signing) }

    /// The private half as one word with a checksum. Whoever reads it can take over the plant.
    public var printed: String { Self.form.print(Array(signing.rawRepresentation)) }

    /// Writes ``printed`` to a new file, readable by its owner alone.
    ///
    /// - Throws: ``TrustError/Code/keyExists`` when there is a file of that name.
    public func save(inFolder folder: String, as name: String = "recovery.key") throws(TrustError) {
        try SecretFile(folder: folder, name: name).create(Array((printed + "\n").utf8))
    }
}

extension RecoveryKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The public half, abbreviated.
    public var description: String { "RecoveryKey(\(publicKey.description.prefix(16))…)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The public half.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey], displayStyle: .struct) }
}
