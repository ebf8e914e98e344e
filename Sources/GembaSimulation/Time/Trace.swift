/// A running hash over everything that happens in a simulation: two runs with one hash did the same.
///
/// A multiplicative hash in the manner of FNV-1a: nobody looks for collisions here.
struct Trace: Sendable {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var count = 0

    mutating func add(_ numbers: Int...) {
        count += 1
        for number in numbers { mix(UInt64(bitPattern: Int64(number))) }
    }

    mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + 8 <= buffer.count {
                mix(buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian)
                offset += 8
            }
            for byte in buffer[offset...] { mix(UInt64(byte)) }
        }
    }

    /// Takes eight bytes at once; folding the high half back keeps its bits in play.
    private mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x0000_0100_0000_01B3
        hash ^= hash >> 32
    }
}
