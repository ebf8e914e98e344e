import GembaCausality
import GembaFloor

/// Makes histories of one ticket in which it is known exactly who had seen what, without a database.
///
/// A station here is a set of acts; an act has seen whatever its station held. Merging two stations is a union, so what
/// a station holds is always causally closed.
struct TicketHistoryBuilder {
    private(set) var acts: [TicketAct] = []
    /// For every change, all changes that its author had seen.
    private(set) var past: [Dot: Set<Dot>] = [:]
    private var held: [String: Set<Dot>] = [:]
    private var lengths: [String: UInt64] = [:]

    /// Adds an act of `kind` at a station, in knowledge of all that the station holds.
    @discardableResult
    mutating func act(
        _ kind: TicketActKind, at station: String, by person: String? = nil, clock: UInt64? = nil,
        _ describe: (inout TicketAct.Details) -> Void = { _ in }
    ) -> TicketAct {
        let seen = held[station, default: []]
        lengths[station, default: 0] += 1
        let replica = ReplicaID(rawValue: station.utf8.reduce(0) { $0 << 8 | UInt128($1) })
        let dot = Dot(replica, lengths[station, default: 0])
        let lamport = 1 + (acts.filter { seen.contains($0.authorship.dots[0]) }.map(\.authorship.lamport).max() ?? 0)
        var details = TicketAct.Details()
        if kind == .report { details.text = "Label printer dead" }
        describe(&details)
        let act = TicketAct(
            id: RowID(rawValue: UInt128(acts.count + 1)), kind: kind, details: details,
            authorship: TicketAct.Authorship(
                dots: [dot], lamport: lamport,
                timestamp: HybridTimestamp(milliseconds: clock ?? UInt64(acts.count), counter: 0),
                actor: person ?? "person of \(station)", station: station))
        acts.append(act)
        past[dot] = seen
        held[station] = seen.union([dot])
        return act
    }

    /// Gives a station everything that another one holds.
    mutating func deliver(from sender: String, to receiver: String) {
        held[receiver, default: []].formUnion(held[sender, default: []])
    }

    /// What a station holds.
    func acts(at station: String) -> [TicketAct] {
        acts.filter { held[station, default: []].contains($0.authorship.dots[0]) }
    }

    func hasSeen(_ earlier: Dot, by later: Dot) -> Bool { past[later, default: []].contains(earlier) }

    func hasSeen(_ earlier: TicketAct, by later: TicketAct) -> Bool {
        hasSeen(earlier.authorship.dots[0], by: later.authorship.dots[0])
    }

    /// The state of all acts, whoever holds them.
    func state() -> TicketState { TicketFold.state(of: acts) { hasSeen($0, by: $1) } }

    /// The state as a station sees it.
    func state(at station: String) -> TicketState {
        TicketFold.state(of: acts(at: station)) { hasSeen($0, by: $1) }
    }
}
