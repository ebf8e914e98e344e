import GembaCausality
import GembaTrust
import GembaWire

/// The rules of the roster written down a second time, as plainly as possible and with no thought of speed, to compare
/// the fold with.
struct RosterModel {
    struct Node: Hashable {
        var replica: ReplicaID
        var sequence: Int
    }

    struct Membership: Equatable {
        var role: Role
        var depth: Int
        var hash: ChangeHash
        var replica: ReplicaID
        var isConfirmed: Bool
    }

    /// All that were ever members.
    private(set) var settled: [StationKey: Membership] = [:]
    /// For those that were removed, how and with what cut.
    private(set) var former: [StationKey: Removed] = [:]
    var members: [StationKey: Membership] { settled.filter { former[$0.key] == nil } }
    private(set) var recognised: Set<ReplicaID> = []
    private(set) var lapsed: Set<StationKey> = []

    struct Statement {
        var node: Node
        var position: Int
        var act: RosterAct
    }

    /// Who may say something, and since when.
    struct Authority {
        var role: Role
        var rank: RosterRank
        /// The node that has to be in the past of what it says; nil for the recovery key.
        var admission: Node?
    }

    private struct Join {
        var node: Node
        var station: StationKey
        var key: InviteKey
        var role: Role
        var hash: ChangeHash
    }

    private(set) var authorities: [StationKey: Authority] = [:]
    private(set) var logs: [ReplicaID: RosterLog] = [:]
    private var pasts: [Node: Set<Node>] = [:]
    private var heights: [Node: Int] = [:]
    private var lamports: [Node: UInt64] = [:]
    private var joins: [Join] = []
    private(set) var statements: [Statement] = []
    private var recovery: StationKey?

    /// - Parameter logs: Logs whose joins are all signed as they should be.
    init(plant: PlantID, logs: [RosterLog]) {
        for log in logs { self.logs[log.replica] = log }
        for log in logs {
            for (offset, entry) in log.entries.enumerated() {
                let node = Node(replica: log.replica, sequence: offset + 1)
                guard let body = entry.body, body.lamport == lamport(node) else { continue }
                for (position, act) in body.acts.enumerated() {
                    if case .join(let key, let member, _) = act {
                        joins.append(
                            Join(node: node, station: log.station, key: key, role: member.role, hash: entry.hash))
                    } else {
                        statements.append(Statement(node: node, position: position, act: act))
                    }
                }
            }
        }
        guard let founder = logs.first(where: { $0.genesisHash.plant == plant }) else { return }
        let founding = Join(
            node: Node(replica: founder.replica, sequence: 0), station: founder.station,
            key: InviteKey(rawValue: .init(high: 0, low: 0)), role: .admin, hash: founder.genesisHash)
        recovery = founder.genesis.founding?.recovery
        recognise(from: founding)
        settle(from: founding)
    }

    // MARK: - The past

    mutating func past(_ node: Node) -> Set<Node> {
        if let past = pasts[node] { return past }
        guard let log = logs[node.replica] else { return [] }
        var past: Set<Node> = [node]
        if node.sequence > 0 { past.formUnion(self.past(Node(replica: node.replica, sequence: node.sequence - 1))) }
        let references =
            node.sequence == 0
            ? log.genesis.predecessors + log.genesis.rosterFrontier : log.entries[node.sequence - 1].deps
        for reference in references
        where logs[reference.replica]?.hash(at: reference.sequence)?.prefix == reference.prefix {
            past.formUnion(self.past(Node(replica: reference.replica, sequence: Int(reference.sequence))))
        }
        pasts[node] = past
        return past
    }

    mutating func height(_ node: Node) -> Int {
        if let height = heights[node] { return height }
        guard let log = logs[node.replica] else { return 0 }
        var height = node.sequence > 0 ? self.height(Node(replica: node.replica, sequence: node.sequence - 1)) + 1 : 0
        let references =
            node.sequence == 0
            ? log.genesis.predecessors + log.genesis.rosterFrontier : log.entries[node.sequence - 1].deps
        for reference in references
        where logs[reference.replica]?.hash(at: reference.sequence)?.prefix == reference.prefix {
            height = max(
                height, self.height(Node(replica: reference.replica, sequence: Int(reference.sequence))) + 1)
        }
        heights[node] = height
        return height
    }

    /// The lamport number that an entry has to state; nil when a dep is missing.
    private mutating func lamport(_ node: Node) -> UInt64? {
        if let known = lamports[node] { return known }
        guard let log = logs[node.replica] else { return nil }
        var greatest: UInt64 = 0
        if node.sequence > 0 {
            var seen: [UInt64?] = [lamport(Node(replica: node.replica, sequence: node.sequence - 1))]
            for dep in log.entries[node.sequence - 1].deps {
                let isHeld = logs[dep.replica]?.hash(at: dep.sequence)?.prefix == dep.prefix
                seen.append(isHeld ? lamport(Node(replica: dep.replica, sequence: Int(dep.sequence))) : nil)
            }
            for number in seen {
                guard let number else { return nil }
                greatest = max(greatest, number + 1)
            }
        }
        lamports[node] = greatest
        return greatest
    }

    func station(_ node: Node) -> StationKey? { logs[node.replica]?.station }

    // MARK: - Recognition

    private mutating func recognise(from founding: Join) {
        var known = [founding]
        var grown = true
        while grown {
            grown = false
            for join in joins where !known.contains(where: { $0.node == join.node }) && isEndorsed(join, by: known) {
                known.append(join)
                grown = true
            }
        }
        recognised = Set(known.map(\.node.replica))
        for log in logs.values where log.station == recovery { recognised.insert(log.replica) }
        for log in logs.values where !joins.contains(where: { $0.node.replica == log.replica }) {
            let tip = Node(replica: log.replica, sequence: Int(log.last))
            if known.contains(where: { $0.station == log.station && past(tip).contains($0.node) }) {
                recognised.insert(log.replica)
            }
        }
    }

    private mutating func isEndorsed(_ join: Join, by known: [Join]) -> Bool {
        for statement in statements {
            guard case .invite(join.key, join.role, _, _) = statement.act, past(join.node).contains(statement.node)
            else { continue }
            if station(statement.node) == recovery { return true }
            for admission in known where admission.role.rights.contains(.invite) {
                if admission.station == station(statement.node), past(statement.node).contains(admission.node) {
                    return true
                }
            }
        }
        return false
    }

    // MARK: - Settlement

    private mutating func settle(from founding: Join) {
        settled[founding.station] = Membership(
            role: .admin, depth: 0, hash: founding.hash, replica: founding.node.replica, isConfirmed: true)
        if let recovery { authorities[recovery] = Authority(role: .admin, rank: .recovery, admission: nil) }
        admit(founding.station, founding.node)
        var settledKeys: Set<InviteKey> = []
        defer { lapse() }
        for depth in 1...16 {
            var newcomers: [StationKey: (Membership, Node)] = [:]
            for key in Set(joins.map(\.key)) where !settledKeys.contains(key) {
                var candidates: [Join] = []
                for join in joins where join.key == key && settled[join.station] == nil && isRecognised(join) {
                    for statement in statements {
                        guard case .invite(key, join.role, _, _) = statement.act,
                            counts(statement, right: .invite, depths: depth - 1...depth - 1),
                            past(join.node).contains(statement.node)
                        else { continue }
                        candidates.append(join)
                        break
                    }
                }
                if candidates.isEmpty { continue }
                settledKeys.insert(key)
                guard let (winner, isConfirmed) = winner(of: candidates, key, depth) else { continue }
                if let rival = newcomers[winner.station], rival.0.hash < winner.hash { continue }
                newcomers[winner.station] = (
                    Membership(
                        role: winner.role, depth: depth, hash: winner.hash, replica: winner.node.replica,
                        isConfirmed: isConfirmed), winner.node
                )
            }
            for (station, (membership, node)) in newcomers.sorted(by: { $0.value.0.hash < $1.value.0.hash }) {
                settled[station] = membership
                admit(station, node)
            }
        }
    }

    /// From here on what a station says counts, up to where those above it cut it.
    private mutating func admit(_ station: StationKey, _ node: Node) {
        guard let member = settled[station] else { return }
        authorities[station] = Authority(
            role: member.role, rank: RosterRank(depth: member.depth, admission: member.hash), admission: node)
        former[station] = removal(of: station)
    }

    /// P10: a lapse stands unless a return by the one it names had seen it.
    private mutating func lapse() {
        for statement in statements {
            guard case .lapse(let station, _) = statement.act, settled[station] != nil,
                station != self.station(statement.node),
                counts(statement, right: .proposeLapse, depths: 0...99)
            else { continue }
            var isEnded = false
            for other in statements where other.act == .returned && self.station(other.node) == station {
                guard let admission = authorities[station]?.admission, past(other.node).contains(admission),
                    !isCut(other.node)
                else { continue }
                if past(other.node).contains(statement.node) { isEnded = true }
            }
            if !isEnded, former[station] == nil { lapsed.insert(station) }
        }
    }

    private func isRecognised(_ join: Join) -> Bool { recognised.contains(join.node.replica) }

    mutating func counts(_ statement: Statement, right: Rights, depths: ClosedRange<Int>) -> Bool {
        guard let author = station(statement.node), let authority = authorities[author] else { return false }
        return authority.role.rights.contains(right) && depths.contains(authority.rank.depth)
            && authority.admission.map { past(statement.node).contains($0) } ?? true && !isCut(statement.node)
    }

    /// Whether a node lies beyond the cut of its station.
    private func isCut(_ node: Node) -> Bool {
        guard let station = station(node), let removed = former[station] else { return false }
        return SequenceNumber(node.sequence) > removed.cut[node.replica]?.sequence ?? 0
    }

    private mutating func winner(
        of candidates: [Join], _ key: InviteKey, _ depth: Int
    ) -> (Join, Bool)? {
        struct Decision {
            var join: Join
            var rank: RosterRank
            var latest: (Int, ChangeHash, Int)
        }
        var decisions: [Decision] = []
        for join in candidates {
            for statement in statements {
                guard case .admit(join.node.replica) = statement.act,
                    counts(statement, right: .admit, depths: 0...depth - 1),
                    past(statement.node).contains(join.node), let author = station(statement.node),
                    let authority = authorities[author],
                    let hash = logs[statement.node.replica]?.hash(at: SequenceNumber(statement.node.sequence))
                else { continue }
                decisions.append(
                    Decision(
                        join: join, rank: authority.rank,
                        latest: (height(statement.node), hash, statement.position)))
            }
        }
        decisions.sort { $0.rank == $1.rank ? $0.latest > $1.latest : $0.rank < $1.rank }
        if let first = decisions.first { return (first.join, true) }

        var left: [Join] = []
        for join in candidates {
            var isVoid = false
            for statement in statements {
                guard case .close(key) = statement.act,
                    counts(statement, right: .closeInvitations, depths: 0...depth - 1)
                else { continue }
                if !past(statement.node).contains(join.node) { isVoid = true }
            }
            if !isVoid { left.append(join) }
        }
        guard Set(left.map(\.station)).count == 1 else { return nil }
        return left.min { $0.hash < $1.hash }.map { ($0, false) }
    }
}
