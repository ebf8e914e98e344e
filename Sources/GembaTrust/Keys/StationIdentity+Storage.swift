internal import Crypto
internal import GembaWire

/// The key file: deterministic CBOR `[1, signing, transport, sealing, checksum]`, or with sealing keys that were in use before
/// `[2, signing, transport, sealing, [* former sealing], checksum]`.
///
/// The checksum, SHA-256 over "gemba/station-key/" with the version and the secrets in this order, lets a flipped bit be
/// noticed instead of silently making another station.
extension StationIdentity {
    /// The name of the key file in its folder.
    public static let fileName = "station.key"

    /// Writes the keys to `station.key` in a folder, which is created when missing.
    ///
    /// The file is readable by its owner alone and appears whole or not at all, also after a power cut.
    /// - Parameter passphrase: what the keys are locked with; nil leaves them plain.
    /// - Throws: ``TrustError/Code/keyExists`` when the folder has keys already; they are never overwritten.
    public func save(inFolder folder: String, lockedWith passphrase: Passphrase? = nil) throws(TrustError) {
        try KeyFile(folder: folder, name: Self.fileName).create(encoded(), lockedWith: passphrase)
    }

    /// Writes the keys over those of the same station that a folder holds, as after ``rekeyed(using:)``.
    ///
    /// It has to be done before the new keys are published: keys that others use and the station does not have are lost.
    /// - Throws: ``TrustError/Code/keyExists`` when the folder holds another station's keys, or a sealing key that this
    ///   identity lacks.
    public func saveRekeyed(
        inFolder folder: String, passphrase: PassphraseSource = { _ in nil }
    ) throws(TrustError) {
        let file = KeyFile(folder: folder, name: Self.fileName)
        let given = try file.isLocked() ? passphrase(.unlocking) : nil
        let held = try Self.load(fromFolder: folder) { _ in given }
        let known = Set(formerSealingKeys + [sealingKey])
        guard held.stationKey == stationKey, known.isSuperset(of: held.formerSealingKeys + [held.sealingKey]) else {
            throw TrustError(
                .keyExists, "The keys in \(folder) are not those that the new ones follow. They are not overwritten.")
        }
        try file.replace(encoded(), lockedWith: given)
    }

    /// Reads the keys from `station.key` in a folder.
    ///
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

    private func encoded() -> [UInt8] {
        let secrets = secrets
        let version: UInt64 = secrets.formerSealing.isEmpty ? 1 : 2
        let current = [secrets.signing, secrets.transport, secrets.sealing]
        var encoder = CBOREncoder()
        encoder.array(count: version == 1 ? 5 : 6)
        encoder.unsigned(version)
        for secret in current { encoder.byteString(secret) }
        if version == 2 {
            encoder.array(count: secrets.formerSealing.count)
            for secret in secrets.formerSealing { encoder.byteString(secret) }
        }
        encoder.byteString(Self.checksum(of: current + secrets.formerSealing, version: version))
        return encoder.bytes
    }

    private static func decode(_ bytes: [UInt8]) throws(WireError) -> StationIdentity {
        var decoder = CBORDecoder(bytes)
        let count = try decoder.array()
        let version = try decoder.unsigned()
        guard (1...2).contains(version) else { throw decoder.failure(.unsupportedVersion) }
        guard count == (version == 1 ? 5 : 6) else { throw decoder.failure(.invalid("a key is missing")) }
        var secrets: [[UInt8]] = []
        for _ in 0..<3 { secrets.append(Array(try decoder.byteString(count: secretBytes))) }
        let former =
            version == 1
            ? []
            : try decoder.nonEmptyList { (decoder) throws(WireError) in
                Array(try decoder.byteString(count: secretBytes))
            }
        let checksum = try decoder.byteString()
        try decoder.finish()
        guard checksum.elementsEqual(Self.checksum(of: secrets + former, version: version)),
            let identity = StationIdentity(
                signing: secrets[0], transport: secrets[1], sealing: secrets[2], formerSealing: former)
        else { throw decoder.failure(.invalid("the checksum does not fit")) }
        return identity
    }

    private static func checksum(of secrets: [[UInt8]], version: UInt64) -> [UInt8] {
        Array(SHA256.hash(data: Array("gemba/station-key/\(version)".utf8) + secrets.joined()))
    }
}
