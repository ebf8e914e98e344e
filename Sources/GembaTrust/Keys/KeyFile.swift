import GembaWire

/// The file with a station's keys: plain, or locked with a passphrase.
///
/// What stands in a plain one is somebody else's matter; an envelope goes around it unread.
struct KeyFile {
    private let file: SecretFile

    init(folder: String, name: String) { file = SecretFile(folder: folder, name: name) }

    var path: String { file.path }

    /// More than any key file has: room for the sealing keys of a thousand years.
    private static let maximumBytes = 64 << 10

    /// Writes a new file, locked if there is a passphrase.
    func create(_ plain: [UInt8], lockedWith passphrase: Passphrase?) throws(TrustError) {
        try file.create(try Self.locked(plain, with: passphrase))
    }

    /// Puts the same keys in place of what is there, locked if there is a passphrase.
    func replace(_ plain: [UInt8], lockedWith passphrase: Passphrase?) throws(TrustError) {
        try file.replace(try Self.locked(plain, with: passphrase))
    }

    private static func locked(_ plain: [UInt8], with passphrase: Passphrase?) throws(TrustError) -> [UInt8] {
        guard let passphrase else { return plain }
        var system = SystemRandomNumberGenerator()
        return try KeyEnvelope(locking: plain, with: passphrase, cost: .calibrated(), using: &system).encoded
    }

    /// Whether a passphrase is needed.
    func isLocked() throws(TrustError) -> Bool { KeyEnvelope.isEnvelope(try file.contents(atMost: Self.maximumBytes)) }

    /// The plain keys.
    ///
    /// - Parameter passphrase: asked for one only when the keys are locked.
    func contents(passphrase: PassphraseSource) throws(TrustError) -> [UInt8] {
        let bytes = try file.contents(atMost: Self.maximumBytes)
        guard KeyEnvelope.isEnvelope(bytes) else { return bytes }
        let envelope: KeyEnvelope
        do {
            envelope = try KeyEnvelope(decoding: bytes)
        } catch {
            throw TrustError(
                .keyDamaged,
                "\(path) does not hold locked keys any more (\(error.message)). Restore it from a backup; without it, move "
                    + "it away and enrol this machine as a new station.",
                cause: error)
        }
        guard let given = try passphrase(.unlocking) else {
            throw TrustError(
                .passphraseNeeded,
                "The keys in \(path) are locked. Give their passphrase in a file with --passphrase-file, as the systemd "
                    + "credential gemba-passphrase, or at a terminal.")
        }
        guard let plain = try envelope.unlocked(with: given) else {
            throw TrustError(.wrongPassphrase, "The passphrase does not open the keys in \(path).")
        }
        return plain
    }
}

/// For what a passphrase is wanted.
public enum PassphraseUse: Sendable {
    /// To lock new keys with it.
    case locking
    /// To open keys that are locked.
    case unlocking
}

/// Where passphrases come from: nil when there is none.
public typealias PassphraseSource = @Sendable (PassphraseUse) throws(TrustError) -> Passphrase?
