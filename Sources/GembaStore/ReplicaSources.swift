import Foundation
public import GembaTrust

/// Where a replica takes time, randomness and the machine's identity from: injected, so that a simulation decides.
public struct ReplicaSources: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z by the wall clock.
    public var wallClock: @Sendable () -> UInt64
    /// As many random bytes as asked for; unpredictable in production.
    public var randomBytes: @Sendable (Int) -> [UInt8]
    /// Waits for the disk at each commit. Only a simulation that loses no power may turn it off.
    public var isDurable: Bool
    /// Stands for the machine, in place of what the operating system says; nil asks the operating system.
    public var machine: String?
    /// Gives the passphrase of the station's keys. New keys are locked when it gives one.
    public var passphrase: PassphraseSource = { _ in nil }
    /// What the store does wrong on purpose.
    package var calibration: StoreCalibration = []

    /// Creates sources.
    public init(
        wallClock: @escaping @Sendable () -> UInt64, randomBytes: @escaping @Sendable (Int) -> [UInt8],
        isDurable: Bool, machine: String?
    ) {
        self.wallClock = wallClock
        self.randomBytes = randomBytes
        self.isDurable = isDurable
        self.machine = machine
    }

    /// The system's clock and random numbers.
    public static let system = ReplicaSources(
        wallClock: { UInt64(max(0, Date().timeIntervalSince1970 * 1000)) },
        randomBytes: { count in
            // Each number is a call of the operating system.
            var generator = SystemRandomNumberGenerator()
            var bytes: [UInt8] = []
            while bytes.count < count {
                withUnsafeBytes(of: generator.next() as UInt64) { bytes += $0.prefix(count - bytes.count) }
            }
            return bytes
        },
        isDurable: true, machine: nil)
}
