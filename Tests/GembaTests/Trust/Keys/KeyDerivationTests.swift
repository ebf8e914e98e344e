import Crypto
import Testing

@testable import GembaTrust

@Suite("HKDF-SHA256 (RFC 5869)")
struct KeyDerivationTests {
    private func derive(salt: [UInt8], info: [UInt8]) -> [UInt8] {
        KeyDerivation.deriveKey(
            from: SymmetricKey(data: [UInt8](repeating: 0x0B, count: 22)), salt: salt, info: info, byteCount: 42
        )
        .withUnsafeBytes { Array($0) }
    }

    @Test("Appendix A.1: with salt and info")
    func withSalt() {
        #expect(
            derive(salt: Array(0x00...0x0C), info: Array(0xF0...0xF9))
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
    }

    @Test("Appendix A.3: without salt and info")
    func withoutSalt() {
        #expect(
            derive(salt: [], info: [])
                == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    }
}
