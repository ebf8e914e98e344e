public import GembaCausality

extension SignedHead {
    /// The length of an Ed25519 signature.
    public static let signatureBytes = 64

    /// The protected header: a map that says only "algorithm: EdDSA" (RFC 9053, section 2.2).
    private static let protectedHeader: [UInt8] = [0xA1, 0x01, 0x27]

    /// What the station signs: the Sig_structure of RFC 9052, section 4.4.
    ///
    /// The associated data bind the signature to its purpose and to the plant; for the founder's roster log, `plant` is
    /// the name that the log's own genesis makes.
    public static func signedBytes(
        replica: ReplicaID, sequence: SequenceNumber, hash: ChangeHash, plant: PlantID
    ) -> [UInt8] {
        var associated = CBOREncoder()
        associated.array(count: 2)
        associated.text("gemba/head/1")
        associated.fixed(plant)

        var payload = CBOREncoder()
        payload.array(count: 3)
        payload.fixed(replica)
        payload.unsigned(sequence)
        payload.fixed(hash)

        return signatureStructure(associated: associated.bytes, payload: payload.bytes)
    }

    /// The Sig_structure over encoded associated data and an encoded payload.
    static func signatureStructure(associated: [UInt8], payload: [UInt8]) -> [UInt8] {
        var structure = CBOREncoder()
        structure.array(count: 4)
        structure.text("Signature1")
        structure.byteString(protectedHeader)
        structure.byteString(associated)
        structure.byteString(payload)
        return structure.bytes
    }

    /// What the station signs for this head.
    public func signedBytes(plant: PlantID) -> [UInt8] {
        Self.signedBytes(replica: replica, sequence: sequence, hash: hash, plant: plant)
    }

    /// The signature as COSE_Sign1 with a detached payload (RFC 9052, section 4.2), without a tag.
    public func encodedCOSE() -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.detachedSignature(signature)
        return encoder.bytes
    }

    /// The 64 bytes of signature in a COSE_Sign1 with a detached payload.
    public static func signature(decodingCOSE bytes: [UInt8]) throws(WireError) -> [UInt8] {
        var decoder = CBORDecoder(bytes)
        let signature = try decoder.detachedSignature()
        try decoder.finish()
        return signature
    }

    fileprivate static func encodeCOSE(_ signature: [UInt8], into encoder: inout CBOREncoder) {
        precondition(signature.count == signatureBytes, "\(signature.count) bytes of signature instead of 64")
        encoder.array(count: 4)
        encoder.byteString(protectedHeader)
        encoder.map(count: 0)
        encoder.null()
        encoder.byteString(signature)
    }

    fileprivate static func decodeCOSE(from decoder: inout CBORDecoder) throws(WireError) -> [UInt8] {
        try decoder.array(count: 4)
        guard try decoder.byteString().elementsEqual(protectedHeader) else {
            throw decoder.failure(.invalid("a signature has another protected header than EdDSA"))
        }
        guard try decoder.map() == 0 else {
            throw decoder.failure(.invalid("a signature has unprotected headers"))
        }
        try decoder.null()
        return Array(try decoder.byteString(count: signatureBytes))
    }
}

/// `[replica, sequence, hash, COSE_Sign1]`: the whole hash, so that the signature can be verified by one who does not
/// hold the entry.
extension SignedHead: WireCodable {
    /// Appends the head.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        encoder.fixed(replica)
        encoder.unsigned(sequence)
        encoder.fixed(hash)
        encoder.detachedSignature(signature)
    }

    /// Reads a head. Its signature is not verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        self.init(
            replica: try decoder.fixed(), sequence: try decoder.unsigned(), hash: try decoder.fixed(),
            signature: try decoder.detachedSignature())
    }
}

extension CBOREncoder {
    /// Writes a COSE_Sign1 with a detached payload.
    mutating func detachedSignature(_ signature: [UInt8]) {
        SignedHead.encodeCOSE(signature, into: &self)
    }
}

extension CBORDecoder {
    /// Reads the signature of a COSE_Sign1 with a detached payload.
    mutating func detachedSignature() throws(WireError) -> [UInt8] {
        try SignedHead.decodeCOSE(from: &self)
    }
}
