internal import Crypto

/// HKDF with SHA-256 (RFC 5869), by which every secret of Gemba that follows from another is made.
enum KeyDerivation {
    /// Derives a key of `byteCount` bytes. Without a salt, extraction uses 32 zero bytes (RFC 5869, section 2.2).
    ///
    /// - Parameter info: Begins with a label of its own for each use, so that no two uses yield one key.
    static func deriveKey(
        from input: SymmetricKey, salt: [UInt8] = [], info: [UInt8], byteCount: Int = 32
    ) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: input, salt: salt, info: info, outputByteCount: byteCount)
    }
}
