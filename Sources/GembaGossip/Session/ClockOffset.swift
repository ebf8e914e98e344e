/// An estimate of how far the peer's wall clock is ahead of this node's.
public struct ClockOffset: Hashable, Sendable {
    /// Milliseconds to add to this node's wall clock to get the peer's.
    public var milliseconds: Int64
    /// The round trip that the estimate rests on: half of it bounds the error.
    public var roundTrip: Duration

    /// Creates an estimate.
    public init(milliseconds: Int64, roundTrip: Duration) {
        self.milliseconds = milliseconds
        self.roundTrip = roundTrip
    }
}

/// Estimates the peer's wall clock from pulses that echo ours.
///
/// Of the samples the one with the shortest round trip is kept, because queues only ever lengthen a round trip. An echo
/// does not tell how long the peer held it, so a pulse that is answered at once gives the good samples.
///
/// Source: RFC 5905, sections 8 and 10 (the clock filter), reduced to one peer and without a clock discipline: the
/// offset is shown to people and never steers a clock.
struct ClockEstimate: Sendable {
    /// After this time a sample is replaced by a worse one, because clocks drift apart.
    private static let sampleLife = Duration.seconds(600)
    /// Own wall clock readings whose echo may still come; more than are ever on their way at the pace of pulses.
    private static let rememberedReadings = 8

    private var sent: [Moment] = []
    private var best: (roundTrip: Duration, taken: Instant)?
    /// The peer's last reading, which the next pulse echoes.
    private(set) var echo: UInt64?

    mutating func noteSent(at moment: Moment) {
        sent.append(moment)
        if sent.count > Self.rememberedReadings { sent.removeFirst() }
    }

    /// Takes in a reading of the peer's clock with the echo that came along, and returns a new estimate if there is one.
    mutating func receive(wallClock: UInt64, echo: UInt64?, at moment: Moment) -> ClockOffset? {
        self.echo = wallClock
        // Two of our pulses may carry one reading when the wall clock stands still; the later one is the safe guess,
        // for it can only make the round trip look shorter by less than the clock's step.
        guard let echo, let origin = sent.last(where: { $0.wallClock == echo }) else { return nil }
        let roundTrip = origin.instant.duration(to: moment.instant)
        if let best, roundTrip > best.roundTrip, best.taken.duration(to: moment.instant) < Self.sampleLife {
            return nil
        }
        best = (roundTrip, moment.instant)
        // The peer may claim any time at all, so that the sum is done in more bits than the result has.
        let offset = Int128(wallClock) + Int128(roundTrip / .milliseconds(2)) - Int128(moment.wallClock)
        return ClockOffset(milliseconds: Int64(clamping: offset), roundTrip: roundTrip)
    }

    /// Forgets the peer's readings, because another process answers from now on.
    mutating func restart() { self = ClockEstimate() }
}
