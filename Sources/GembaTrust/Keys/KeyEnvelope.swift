internal import Crypto
import GembaWire

/// The bytes of a key file, locked with a passphrase.
///
///     envelope = ["gemba/locked-keys/1", logarithm, passes, salt: 16 bytes, nonce: 12 bytes, sealed: bytes, checksum: 16 bytes]
///
/// `sealed` is the plain file under ChaCha20-Poly1305 (RFC 8439); its key is scrypt of the passphrase, and the array up to the
/// nonce is authenticated with it. The checksum tells a file that the disk has damaged from a wrong
/// passphrase: it is the first 16 bytes of SHA-256 over the elements before it.
struct KeyEnvelope {
    private static let format = "gemba/locked-keys/1"
    private static let saltBytes = 16
    private static let nonceBytes = 12
    private static let checksumBytes = 16

    private let cost: DerivationCost
    private let salt: [UInt8]
    private let nonce: [UInt8]
    private let sealed: [UInt8]

    /// Whether a file is an envelope, and not plain keys.
    static func isEnvelope(_ file: [UInt8]) -> Bool {
        var decoder = CBORDecoder(file)
        return (try? decoder.array()) != nil && (try? decoder.nextType()) == .text
    }

    // MARK: - Locking

    /// Locks the bytes of a plain key file.
    init(
        locking plain: [UInt8], with passphrase: Passphrase, cost: DerivationCost,
        using generator: inout some RandomNumberGenerator
    ) throws(TrustError) {
        self.cost = cost
        salt = generator.randomBytes(count: Self.saltBytes)
        nonce = generator.randomBytes(count: Self.nonceBytes)
        let key = SymmetricKey(data: try cost.key(from: passphrase.bytes, salt: salt))
        let header = Self.header(cost, salt: salt, nonce: nonce).bytes
        guard let number = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.seal(plain, using: key, nonce: number, authenticating: header)
        else { preconditionFailure("12 bytes are a nonce, and a key file is short") }
        sealed = Array(box.ciphertext) + Array(box.tag)
    }

    /// The file.
    var encoded: [UInt8] {
        var encoder = contents
        encoder.byteString(Self.checksum(of: contents.bytes))
        return encoder.bytes
    }

    private var contents: CBOREncoder {
        var encoder = Self.header(cost, salt: salt, nonce: nonce)
        encoder.byteString(sealed)
        return encoder
    }

    private static func header(_ cost: DerivationCost, salt: [UInt8], nonce: [UInt8]) -> CBOREncoder {
        var encoder = CBOREncoder()
        encoder.array(count: 7)
        encoder.text(format)
        encoder.unsigned(cost.logarithm)
        encoder.unsigned(cost.passes)
        encoder.byteString(salt)
        encoder.byteString(nonce)
        return encoder
    }

    private static func checksum(of bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: bytes).prefix(checksumBytes))
    }

    // MARK: - Unlocking

    /// Reads an envelope, and refuses one that was damaged.
    init(decoding file: [UInt8]) throws(WireError) {
        var decoder = CBORDecoder(file)
        try decoder.array(count: 7)
        guard try decoder.text() == Self.format else { throw decoder.failure(.unsupportedVersion) }
        cost = DerivationCost(logarithm: try decoder.unsigned(), passes: try decoder.unsigned())
        salt = Array(try decoder.byteString(count: Self.saltBytes))
        nonce = Array(try decoder.byteString(count: Self.nonceBytes))
        sealed = Array(try decoder.byteString())
        let checksum = try decoder.byteString(count: Self.checksumBytes)
        try decoder.finish()
        guard checksum.elementsEqual(Self.checksum(of: contents.bytes)) else {
            throw decoder.failure(.invalid("the checksum does not fit"))
        }
        guard cost.isAcceptable else { throw decoder.failure(.outOfRange) }
    }

    /// The plain key file; nil when it was locked with another passphrase.
    func unlocked(with passphrase: Passphrase) throws(TrustError) -> [UInt8]? {
        let key = SymmetricKey(data: try cost.key(from: passphrase.bytes, salt: salt))
        let header = Self.header(cost, salt: salt, nonce: nonce).bytes
        guard let box = try? ChaChaPoly.SealedBox(combined: nonce + sealed),
            let plain = try? ChaChaPoly.open(box, using: key, authenticating: header)
        else { return nil }
        return Array(plain)
    }
}
