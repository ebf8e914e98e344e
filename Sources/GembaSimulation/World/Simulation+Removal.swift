import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// Members that are removed and reinstated while everything else goes on.
extension Simulation {
    /// The station that may remove others beside the founder; nil when there is none.
    var secondAdministrator: Int? {
        guard options.hasSecondAdministrator, options.faults.contains(.removal) else { return nil }
        return options.hasRelay ? 2 : 1
    }

    /// The nodes of stations that are no former members, as the founder's knows.
    var standingNodes: [SimulatedNode] {
        let former = (try? nodes[0].process?.replica.roster().formerMembers) ?? [:]
        return nodes.filter { node in node.keys.map { former[$0.station] == nil } ?? true }
    }

    /// An administrator removes somebody or takes that back; or a station retires itself.
    func govern() throws {
        let governors = nodes.filter { $0.process != nil && ($0.role == .admin || random.chance(0.1)) }
        guard let node = random.pick(governors) else { return }
        trace.add(9, time.now, node.index)
        do {
            // The replica is held no longer than that: the process may die of it.
            guard let replica = node.process?.replica, try decide(at: node, replica) else { return }
        } catch let error as StoreError where error.code == .notPermitted {
            // It was removed itself, or somebody above it decided.
            return
        }
        counts.removals += 1
        count(.removal)
        node.process?.engine.noticeLocalChanges(at: moment(of: node))
        try settle(node)
        try observer.observe(node)
    }

    /// - Returns: whether anything was done.
    private func decide(at node: SimulatedNode, _ replica: Replica) throws -> Bool {
        let own = replica.identity.stationKey
        let roster = try replica.roster()
        guard node.role == .admin else {
            // What only the station itself holds would stay with it: nobody listens to it any more. The founder, whose copy this
            // may be, stays: the plant is judged by it.
            guard roster.members.count > 3, roster.members[own] != nil, observer.founderHoldsAllOf(node),
                own != nodes[0].keys?.station
            else { return false }
            try replica.retire(own, by: "simulation")
            return true
        }
        if random.chance(0.4), let former = random.pick(roster.formerMembers.keys.sorted()) {
            try replica.reinstate(former, by: "simulation")
            for node in nodes where node.keys?.station == former { try bringToReason(node) }
            return true
        }
        guard let rank = roster.members[own]?.rank else { return false }
        let others = roster.members.values.filter { rank < $0.rank }.map(\.station).sorted()
        guard others.count > 1, let chosen = random.pick(others) else { return false }
        if random.chance(0.6) {
            try replica.revoke(chosen, by: "simulation")
        } else {
            try replica.retire(chosen, by: "simulation")
        }
        return true
    }

    /// Starts a stubborn node's process anew with a program that takes every act.
    func bringToReason(_ node: SimulatedNode) throws {
        guard node.isStubborn else { return }
        node.isStubborn = false
        guard node.process != nil, dying[node.index] == nil else { return }
        node.kill(on: network, isSilent: false, forgetsFrames: false)
        workload.closeForms(at: node.index)
        try open(node)
        try observer.checkNothingLost(node)
        try observer.observe(node)
    }

    /// The routes of a healed plant. Nobody has to reach others through a station that is cut off; former members reach everybody, who
    /// does not listen to them.
    var routesAroundFormerMembers: Set<SimulatedNetwork.Way> {
        let former = nodes.compactMap { try? $0.process?.replica.roster().formerMembers.keys }
            .reduce(into: Set<StationKey>()) { $0.formUnion($1) }
        let isFormer = { (index: Int) in self.nodes[index].keys.map { former.contains($0.station) } ?? false }
        let standing = order.filter { !isFormer($0) }
        var routes = topology.routes(among: standing, centre: isFormer(centre) ? 0 : centre)
        for index in order where isFormer(index) { routes.formUnion(Topology.star.routes(among: order, centre: index)) }
        return routes
    }

    // MARK: - Judging

    /// Tells writes of former members that do not count from those that do. What a disk lost that was put back, and only former
    /// members hold, is as good as lost: nobody listens to them.
    func uncounted(by replica: Replica) throws -> (Dot) -> Bool {
        let rule = try observer.rule(of: replica)
        let held = try observer.vector(of: replica, .data)
        let ends = rule.ends(in: held)
        let lost = rule.formerMembers.isEmpty ? [] : observer.lostWithDisks.filter { !held.contains($0) }
        return { [history = observer.history] dot in
            if lost.contains(dot) { return true }
            guard let station = history[dot]?.station, rule.formerMembers[station] != nil else { return false }
            return dot.sequence > ends[dot.replica]?.most ?? 0
        }
    }

    /// Remembers who must not read what was just written: who was removed before, as far as the author knows.
    func noteSecret(_ entry: HashPrefix, _ replica: Replica) throws {
        guard options.isSealed else { return }
        let former = Set(try replica.roster().formerMembers.keys)
        if !former.isEmpty { observer.secrets.append((entry, former)) }
    }

    /// Tries the keys that former members were given on everything that was written after their removal.
    func judgeSecrecy() throws {
        for (entry, stations) in observer.secrets {
            guard let dot = observer.history[entry], let epoch = observer.history[dot]?.epoch else { continue }
            for station in stations.subtracting(observer.returned)
            where observer.history.keysOfStations[station]?.holds(epoch) ?? false {
                throw Violation(.removal, "\(dot) was written after a removal, and the former member can read it")
            }
        }
    }
}
