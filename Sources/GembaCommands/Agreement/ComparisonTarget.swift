import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging
import Synchronization

/// What comparing rows with another machine came to.
struct ComparisonResult: Sendable {
    var verdict = ComparisonOutcome.unknown
    /// Who was met; nil when nobody was.
    var station: StationKey?
    /// The rows that differed, some of them.
    var rows: [AgreementRecord.Row] = []
    /// How many rows differed.
    var count = 0
}

/// A machine with which rows are to be compared.
struct ComparisonTarget: Sendable {
    /// Nil when only an endpoint was named.
    let station: StationKey?
    let addresses: [PeerAddress]

    /// Finds a member by its name, where it was met last or says that it listens, or takes an endpoint as it is.
    init(_ text: String, in replica: Replica) throws {
        guard !text.contains("://") else {
            station = nil
            addresses = [try PeerArgument.parse(text)]
            return
        }
        let member = try replica.roster().member(named: text)
        guard member.station != replica.identity.stationKey else {
            throw CommandFailure(.usage, "\(text) is this machine.")
        }
        guard member.role != .relay else {
            throw CommandFailure(
                .usage, "\(text) is a relay: it keeps changes and has no rows. `digest` compares what it holds.")
        }
        let known = try replica.peers()[member.station]?.endpoint
        let endpoints = [known].compactMap(\.self) + member.endpoints.filter { $0 != known }
        guard !endpoints.isEmpty else {
            throw CommandFailure(
                .unreachable, "It is not known where \(text) listens. Compare from there, or name an endpoint.")
        }
        station = member.station
        addresses = endpoints.map { PeerAddress(endpoint: $0, transport: member.transport) }
    }

    /// Talks to the machine until it is known whether the rows are equal.
    func compare(_ replica: Replica, timeout: Duration, logger: Logger) async throws -> ComparisonResult {
        let supervisor = NodeSupervisor(replica: replica, listen: [], peers: addresses, logger: logger)
        let course = ComparisonCourse(with: station)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await supervisor.run(observe: { engine in
                    if course.observe(engine) { supervisor.stop() }
                })
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                supervisor.stop()
            }
            defer { group.cancelAll() }
            // Either the supervisor ends, because it is known, or the timer does and has it end.
            try await group.next()
            if course.result.verdict == .unknown { try await group.next() }
        }
        return course.result
    }
}

/// What the node's queue finds out, for the task that waits.
private final class ComparisonCourse: Sendable {
    private struct State {
        var result = ComparisonResult()
        var hasAsked = false
        var rounds = 0
    }

    private let station: StationKey?
    private let state = Mutex(State())

    /// How often rows are compared again of which some were made anew.
    private static let greatestRounds = 16

    init(with station: StationKey?) { self.station = station }

    var result: ComparisonResult { state.withLock { $0.result } }

    /// Has rows compared, and takes in what came of it.
    ///
    /// - Returns: whether nothing more is to be found out.
    func observe(_ engine: Engine) -> Bool {
        let met = engine.connectedStations.filter { station == nil || $0 == station }.min()
        return state.withLock { state in
            guard state.result.verdict == .unknown else { return true }
            guard let peer = state.result.station ?? met else { return false }
            state.result.station = peer
            guard state.hasAsked else {
                state.hasAsked = true
                engine.compareRows(with: peer)
                return false
            }
            guard let verdict = engine.lastComparison(with: peer) else { return false }
            switch verdict.outcome {
            case .unknown: return false
            case .equal:
                state.result.verdict = .equal
                return true
            case .different:
                let record = verdict.record
                state.result.rows += record.rows
                state.result.count += record.count
                state.rounds += 1
                guard !record.isBroken, state.rounds < Self.greatestRounds else {
                    state.result.verdict = .different
                    return true
                }
                engine.compareRows(with: peer)
                return false
            }
        }
    }
}
