internal import Crypto
internal import GembaWire

/// The key file: deterministic CBOR [version, signing, transport, sealing, checksum].
///
/// The checksum, SHA-256 over "gemba/station-key/1" and the three secrets, lets a flipped bit be noticed instead of
/// silently making another station.
extension StationIdentity {
    /// The name of the key file in its folder.
    public static let fileName = "station.key"

    private static let formatVersion: UInt64 = 1

    /// Writes the keys to `station.key` in a folder, which is created when missing.
    ///
    /// The file is readable by its owner alone and appears whole or not at all, also after a power cut.
    /// - Parameter passphrase: locks the keys, so that the file alone opens nothing; nil writes them plain.
    /// - Throws: ``TrustError/Code/keyExists`` when the folder has keys already; they are never overwritten.
    public func save(inFolder folder: String, lockedWith passphrase: Passphrase? = nil) throws(TrustError) {
        var encoder = CBOREncoder()
        let secrets = secrets
        encoder.array(count: 5)
        encoder.unsigned(Self.formatVersion)
        encoder.byteString(secrets.signing)
        encoder.byteString(secrets.transport)
        encoder.byteString(secrets.sealing)
        encoder.byteString(Self.checksum(of: [secrets.signing, secrets.transport, secrets.sealing]))
        try KeyFile(folder: folder, name: Self.fileName).create(encoder.bytes, lockedWith: passphrase)
    }

    /// Reads the keys from `station.key` in a folder.
    ///
    /// - Parameter passphrase: asked for one when the keys are locked.
    /// - Throws: ``TrustError/Code/keyNotFound``; ``TrustError/Code/insecurePermissions`` when anybody but the owner
    ///   can read the file or replace it; ``TrustError/Code/keyDamaged``; ``TrustError/Code/passphraseNeeded``;
    ///   ``TrustError/Code/wrongPassphrase``.
    public static func load(
        fromFolder folder: String, passphrase: PassphraseSource = { _ in nil }
    ) throws(TrustError) -> StationIdentity {
        let file = KeyFile(folder: folder, name: fileName)
        let bytes = try file.contents(passphrase: passphrase)
        do throws(WireError) {
            return try decode(bytes)
        } catch {
            throw TrustError(
                .keyDamaged,
                "\(file.path) does not hold the keys of a station (\(error.message)). Restore it from a backup; "
                    + "without it, move it away and enrol this machine as a new station.",
                cause: error)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(WireError) -> StationIdentity {
        var decoder = CBORDecoder(bytes)
        try decoder.array(count: 5)
        guard try decoder.unsigned() == formatVersion else { throw decoder.failure(.unsupportedVersion) }
        var secrets: [[UInt8]] = []
        for _ in 0..<3 { secrets.append(Array(try decoder.byteString(count: secretBytes))) }
        let checksum = try decoder.byteString()
        try decoder.finish()
        guard checksum.elementsEqual(Self.checksum(of: secrets)),
            let identity = StationIdentity(signing: secrets[0], transport: secrets[1], sealing: secrets[2])
        else { throw decoder.failure(.invalid("the checksum does not fit")) }
        return identity
    }

    private static func checksum(of secrets: [[UInt8]]) -> [UInt8] {
        Array(SHA256.hash(data: Array("gemba/station-key/1".utf8) + secrets.joined()))
    }
}
