import Gemba
import GembaGossip
import Logging

/// Two engines joined by a wire that holds frames in memory and counts them: what the protocol itself costs.
final class DirectWire {
    private let ends: [End]
    /// Frames carried since ``forgetCounts()``, with their bytes.
    private(set) var frames = 0
    private(set) var bytes = 0
    private var now = Duration.zero

    private final class End {
        let engine: Engine
        let transport: HeldFrames
        let link = LinkID.unused()

        init(_ replica: Replica, nonce: UInt64) throws {
            transport = HeldFrames()
            engine = try Engine(
                replica: replica, transport: transport,
                configuration: EngineConfiguration(
                    peers: [], nonce: nonce, randomNumber: { UInt64.random(in: .min ... .max) }),
                logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    init(_ dialler: Replica, _ listener: Replica) throws {
        ends = [try End(dialler, nonce: 1), try End(listener, nonce: 2)]
        let keys = [listener.identity.transportKey, dialler.identity.transportKey]
        for (index, end) in ends.enumerated() {
            let direction = index == 0 ? TransportEvent.Direction.dialled("tcp://bench:1") : .accepted
            end.engine.handle(.opened(end.link, peer: keys[index], direction: direction), at: moment)
        }
        settle()
    }

    private var moment: Moment { Moment(instant: Instant(now), wallClock: 1_760_000_000_000) }

    /// Whether both ends hold what the other has.
    var isSettled: Bool { ends.allSatisfy { $0.engine.isSettled } }

    func forgetCounts() { (frames, bytes) = (0, 0) }

    /// The newest pulse that an end has sent.
    func lastPulse(by index: Int) -> Frame? { ends[index].transport.pulse }

    /// Lets a frame arrive at an end as if the other one had sent it.
    func deliver(_ frame: Frame, to index: Int) {
        let bytes = frame.encoded()
        count(bytes)
        ends[index].engine.handle(.received(ends[index].link, bytes), at: moment)
    }

    /// Carries frames until none is left.
    func carry() {
        var isIdle = false
        while !isIdle {
            isIdle = true
            for (sender, receiver) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                for frame in sender.transport.take() {
                    isIdle = false
                    count(frame)
                    receiver.engine.handle(.received(receiver.link, frame), at: moment)
                }
            }
        }
    }

    /// Lets time pass until both ends are still.
    func settle() {
        for _ in 0..<20 {
            carry()
            advance()
        }
    }

    /// Lets a quarter of a second pass.
    func advance() {
        now += .milliseconds(250)
        for end in ends { end.engine.tick(at: moment) }
        carry()
    }

    private func count(_ frame: [UInt8]) {
        frames += 1
        bytes += frame.count
    }
}

/// Keeps what is sent until it is taken.
///
/// `@unchecked Sendable`: used on one thread only.
private final class HeldFrames: Transport, @unchecked Sendable {
    private var held: [[UInt8]] = []
    private(set) var pulse: Frame?

    func take() -> [[UInt8]] {
        defer { held.removeAll() }
        return held
    }

    func send(_ bytes: [UInt8], on link: LinkID) -> Bool {
        if let frame = try? Frame(decoding: bytes), case .pulse = frame.message { pulse = frame }
        held.append(bytes)
        return true
    }

    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {}
    func dial(endpoint: String, peer: TransportKey) {}
    func hangUp(endpoint: String) {}
    func close(_ link: LinkID) {}
}
