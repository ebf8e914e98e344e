import Crypto
import Foundation
import GembaCausality
import GembaNode
import GembaTrust
import GembaWire
import GembaZeroMQ
import Synchronization
import Testing

/// The kinds of transport that the same tests run over.
enum Conformer: CaseIterable, CustomTestStringConvertible {
    case inProcess, zeroMQ

    var testDescription: String {
        switch self {
        case .inProcess: "in process"
        case .zeroMQ: "over ZeroMQ"
        }
    }
}

/// A key pair as stations make it.
struct TransportKeyPair: Sendable {
    let secret: [UInt8]
    let publicKey: TransportKey

    /// The pair of a station.
    init(_ identity: StationIdentity) {
        secret = identity.transportSecret
        publicKey = identity.transportKey
    }

    init() throws {
        let pair = Curve25519.KeyAgreement.PrivateKey()
        secret = Array(pair.rawRepresentation)
        publicKey = try #require(TransportKey(bytes: pair.publicKey.rawRepresentation))
    }
}

/// Stations of one test, which all run until its end.
final class TransportBench: Sendable {
    let conformer: Conformer
    let hub = InProcessHub()
    private let stations = Mutex<[TransportStation]>([])
    private let names = Mutex(0)

    private init(_ conformer: Conformer) { self.conformer = conformer }

    /// Runs `body` with a bench, and stops every station afterwards.
    ///
    /// A station that failed fails the test.
    static func with(_ conformer: Conformer, _ body: (TransportBench) async throws -> Void) async throws {
        let bench = TransportBench(conformer)
        var failure: (any Error)?
        do { try await body(bench) } catch { failure = error }
        for station in bench.stations.withLock({ $0 }) { try await station.stop() }
        if let failure { throw failure }
    }

    /// A station that runs, at an endpoint that nobody else has.
    func listener(_ keys: TransportKeyPair? = nil, at endpoint: String? = nil) async throws -> TransportStation {
        let asked = endpoint ?? freeEndpoint()
        let station = try start(keys ?? TransportKeyPair(), listen: [asked])
        try await station.awaitListening()
        return station
    }

    /// A station that runs and only dials.
    func dialler(_ keys: TransportKeyPair? = nil) throws -> TransportStation {
        try start(keys ?? TransportKeyPair(), listen: [])
    }

    /// A transport that does not run yet.
    func transport(_ keys: TransportKeyPair, listen: [String]) -> any Transport {
        switch conformer {
        case .inProcess: hub.transport(key: keys.publicKey, listen: listen)
        case .zeroMQ: ZeroMQTransport(listen: listen, secret: keys.secret, publicKey: keys.publicKey)
        }
    }

    private func start(_ keys: TransportKeyPair, listen: [String]) throws -> TransportStation {
        let station = TransportStation(keys, transport(keys, listen: listen))
        stations.withLock { $0.append(station) }
        return station
    }

    private func freeEndpoint() -> String {
        switch conformer {
        case .inProcess:
            names.withLock { name in
                name += 1
                return "station \(name)"
            }
        case .zeroMQ: "tcp://127.0.0.1:0"
        }
    }
}

/// A transport that runs, with a roster that the test sets and a log of what happened.
final class TransportStation: Sendable {
    let keys: TransportKeyPair
    let transport: any Transport
    let log: TransportLog

    private let roster: Roster
    private let address = Mutex("")
    private let task: Task<Void, any Error>

    /// What the station thinks of keys; anybody is a member unless told otherwise.
    private final class Roster: Sendable {
        let verdicts = Mutex<[TransportKey: Admission]>([:])
    }

    var key: TransportKey { keys.publicKey }

    /// Where the station listens; empty when it does not.
    var endpoint: String { address.withLock { $0 } }

    init(_ keys: TransportKeyPair, _ transport: any Transport) {
        let (log, roster) = (TransportLog(), Roster())
        self.keys = keys
        self.transport = transport
        self.log = log
        self.roster = roster
        task = Task {
            try await transport.run(
                admission: { key in
                    log.noteAsked(key)
                    return roster.verdicts.withLock { $0[key] } ?? .member
                },
                onEvent: { log.note($0) })
        }
    }

    func judge(_ key: TransportKey, _ verdict: Admission) { roster.verdicts.withLock { $0[key] = verdict } }

    func stop() async throws {
        log.resume()
        task.cancel()
        try await task.value
    }

    func awaitListening() async throws {
        let endpoint = try await log.take { if case .listening(let endpoint) = $0 { endpoint } else { nil } }
        address.withLock { $0 = endpoint }
    }

    func dial(_ other: TransportStation) { transport.dial(endpoint: other.endpoint, peer: other.key) }

    /// The next link that opens.
    func opened() async throws -> (link: LinkID, peer: TransportKey, direction: TransportEvent.Direction) {
        try await log.take { if case .opened(let link, let peer, let way) = $0 { (link, peer, way) } else { nil } }
    }

    func closed(_ link: LinkID) async throws {
        try await log.take { $0 == .closed(link) ? () : nil }
    }

    func refused(_ refusal: TransportEvent.Refusal) async throws {
        try await log.take { $0 == .refused(refusal) ? () : nil }
    }

    /// The next frame of a link.
    func received(on link: LinkID) async throws -> [UInt8] {
        try await log.take { if case .received(link, let frame) = $0 { frame } else { nil } }
    }

    /// Sends a frame, waiting for room as often as it takes.
    func send(_ frame: [UInt8], on link: LinkID) async throws {
        while !transport.send(frame, on: link) {
            try await log.take { $0 == .writable(link) ? () : nil }
        }
    }
}

/// Connects `dialler` to `listener`, and returns both sides' ids.
func link(
    _ dialler: TransportStation, _ listener: TransportStation
) async throws -> (near: LinkID, far: LinkID) {
    dialler.dial(listener)
    return (try await dialler.opened().link, try await listener.opened().link)
}

/// The events of one station.
///
/// A test takes what it waits for, and leaves the rest.
final class TransportLog: Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var events: [TransportEvent] = []
        var asked: [TransportKey: Int] = [:]
        var isPaused = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let paused = NSCondition()

    /// Longer than any link takes to recover, also on a busy machine.
    static let patience = Duration.seconds(20)

    func note(_ event: TransportEvent) {
        paused.withLock { while state.withLock({ $0.isPaused }) { paused.wait() } }
        change { $0.events.append(event) }
    }

    func noteAsked(_ key: TransportKey) { change { $0.asked[key, default: 0] += 1 } }

    /// Holds the station up at its next event, so that it takes nothing from its links.
    func pause() { state.withLock { $0.isPaused = true } }

    func resume() {
        state.withLock { $0.isPaused = false }
        paused.withLock { paused.broadcast() }
    }

    private func change(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Events that nobody has taken.
    var pending: [TransportEvent] { state.withLock { $0.events } }

    var openings: Int {
        pending.count { if case .opened = $0 { true } else { false } }
    }

    /// Takes the first event that `pick` wants out of the log, waiting for it.
    @discardableResult
    func take<Picked: Sendable>(
        within patience: Duration = patience, _ pick: @escaping @Sendable (TransportEvent) -> Picked?
    ) async throws -> Picked {
        try await wait(within: patience) { state in
            for (index, event) in state.events.enumerated() {
                guard let picked = pick(event) else { continue }
                state.events.remove(at: index)
                return picked
            }
            return nil
        }
    }

    /// Waits until the station has been asked about a key so many times.
    func asked(about key: TransportKey, times: Int) async throws {
        try await wait(within: Self.patience) { ($0.asked[key] ?? 0) >= times ? () : nil }
    }

    func timesAsked(about key: TransportKey) -> Int { state.withLock { $0.asked[key] ?? 0 } }

    private func wait<Found: Sendable>(
        within patience: Duration, _ find: @escaping @Sendable (inout State) -> Found?
    ) async throws -> Found {
        let deadline = ContinuousClock.now.advanced(by: patience)
        let alarm = Task {
            try await Task.sleep(until: deadline)
            change { _ in }
        }
        defer { alarm.cancel() }
        while true {
            if let found = state.withLock({ find(&$0) }) { return found }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(description: "waited in vain; there are only \(summary)")
            }
            await withCheckedContinuation { continuation in
                let found = state.withLock { state in
                    var probe = state
                    guard find(&probe) == nil, ContinuousClock.now < deadline else { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if found { continuation.resume() }
            }
        }
    }

    private var summary: [String] {
        pending.map { if case .received(let link, let frame) = $0 { "\(link): \(frame.count) bytes" } else { "\($0)" } }
    }
}
