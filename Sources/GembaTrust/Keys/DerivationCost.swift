internal import CryptoExtras
internal import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// How much work it is to try one passphrase: the parameters of scrypt (RFC 7914, section 2).
///
/// Whoever stole a disk tries as many passphrases as he can pay for. Each has to cost at least ``target`` on a machine of
/// the class that runs stations, and memory that special hardware has little of.
struct DerivationCost: Hashable, Sendable {
    /// The binary logarithm of N: memory is 1 KiB times N.
    var logarithm: UInt64
    /// How often that is done, one after another (p).
    var passes: UInt64

    /// The least that new files get, however fast or slow the machine seems: 64 MiB, twice.
    static let floor = DerivationCost(logarithm: 16, passes: 2)
    /// What trying one passphrase takes on the machine that made the file.
    static let target = Duration.milliseconds(250)
    /// What a file may ask for, so that a damaged one cannot take all memory, or the whole day.
    static let accepted = (logarithms: UInt64(1)...18, passes: UInt64(1)...64)
    /// The block size r: 8 suits the memory of all machines at hand, and stands in no file.
    private static let blockSize = 8

    /// Whether a file may ask for it.
    var isAcceptable: Bool {
        Self.accepted.logarithms.contains(logarithm) && Self.accepted.passes.contains(passes)
    }

    /// The cost for a machine that needs so much processor time at the floor.
    static func calibrated(timeAtFloor: Duration) -> DerivationCost {
        var cost = floor
        var time = timeAtFloor
        while time < target, cost.passes * 2 <= accepted.passes.upperBound {
            cost.passes *= 2
            time *= 2
        }
        return cost
    }

    /// The cost for this machine. Measured in processor time, which others' work does not lengthen.
    static func calibrated() throws(TrustError) -> DerivationCost {
        let before = processorTime()
        _ = try floor.key(from: [0x70], salt: [UInt8](repeating: 0, count: 16))
        return calibrated(timeAtFloor: processorTime() - before)
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The 32-byte key that a passphrase gives.
    func key(from passphrase: [UInt8], salt: [UInt8]) throws(TrustError) -> [UInt8] {
        precondition(isAcceptable, "\(self) is outside what files may ask for")
        do {
            let key = try KDF.Scrypt.deriveKey(
                from: passphrase, salt: salt, outputByteCount: 32, rounds: 1 << Int(logarithm),
                blockSize: Self.blockSize, parallelism: Int(passes))
            return key.withUnsafeBytes { Array($0) }
        } catch {
            throw TrustError(.inputOutput, "There is not enough memory to try the passphrase.", cause: error)
        }
    }
}
