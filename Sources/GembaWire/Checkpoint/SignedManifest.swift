/// A manifest with its maker's signature: COSE_Sign1 (RFC 9052, section 4.2) whose detached payload is the manifest.
public struct SignedManifest: Hashable, Sendable {
    /// What is signed.
    public var manifest: CheckpointManifest
    /// 64 bytes, Ed25519.
    public var signature: [UInt8]

    /// Creates a signed manifest from its parts.
    public init(manifest: CheckpointManifest, signature: [UInt8]) {
        self.manifest = manifest
        self.signature = signature
    }

    /// What the maker signs: the Sig_structure of RFC 9052, section 4.4. The associated data bind the signature to its
    /// purpose and to the plant.
    public static func signedBytes(of manifest: CheckpointManifest) -> [UInt8] {
        var associated = CBOREncoder()
        associated.array(count: 2)
        associated.text("gemba/checkpoint/1")
        associated.fixed(manifest.plant)
        return SignedHead.signatureStructure(associated: associated.bytes, payload: manifest.encoded())
    }
}

extension SignedManifest: WireCodable {
    /// Appends `[manifest, COSE_Sign1]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        manifest.encode(into: &encoder)
        encoder.detachedSignature(signature)
    }

    /// Reads a signed manifest. Its signature is not verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(manifest: try CheckpointManifest(from: &decoder), signature: try decoder.detachedSignature())
    }
}
