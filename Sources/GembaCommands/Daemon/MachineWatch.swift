/// Notices that the machine slept, or that its addresses are others: the library's sockets would find out by themselves only
/// when their timers had run out.
struct MachineWatch {
    /// A look at the machine.
    struct Reading {
        /// Time since an origin that goes on while the machine sleeps (CLOCK_BOOTTIME).
        var elapsed: Duration
        /// Time since an origin that stands still meanwhile (CLOCK_MONOTONIC).
        var awake: Duration
        /// The addresses of the machine's interfaces that are up.
        var addresses: Set<String>
    }

    /// What is different from the look before.
    struct Change: Equatable {
        var slept = false
        /// Addresses that are gone.
        var lost: Set<String> = []
        /// Addresses that are new.
        var gained: Set<String> = []

        /// Whether links may run over what is no more.
        var breaksLinks: Bool { slept || !lost.isEmpty }
    }

    /// The clocks are not read at one moment, and a machine that was suspended for less has lost no link.
    private static let leastSleep = Duration.seconds(2)

    private var last: Reading?

    /// Compares with the look before; nil for the first one, and when nothing changed.
    mutating func look(_ reading: Reading) -> Change? {
        defer { last = reading }
        guard let last else { return nil }
        let slept = (reading.elapsed - last.elapsed) - (reading.awake - last.awake) >= Self.leastSleep
        let change = Change(
            slept: slept, lost: last.addresses.subtracting(reading.addresses),
            gained: reading.addresses.subtracting(last.addresses))
        return change == Change() ? nil : change
    }
}

extension MachineWatch.Reading {
    private static let origin = (elapsed: ContinuousClock.now, awake: SuspendingClock.now)

    /// Looks at this machine now.
    static func now() -> Self {
        Self(
            elapsed: origin.elapsed.duration(to: .now), awake: origin.awake.duration(to: .now),
            addresses: Set(MachineAddresses.all(includingIPv6: true)))
    }
}
