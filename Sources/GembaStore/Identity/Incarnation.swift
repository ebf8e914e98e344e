import GembaCausality
import GembaTrust
import GembaWire

/// Decides, inside a write transaction, under which name the database writes: the log it has, or a new incarnation when it
/// may be a copy or an older state of itself.
///
/// Two databases that go on under one name would give one (replica, sequence) two contents. A new name is cheap and needs
/// neither a person nor the network, so every doubt opens one.
struct Incarnation {
    let sideFile: SideFile
    let machine: MachineFingerprint

    /// Why a new incarnation is needed, in words; nil when the database may go on.
    func doubt(context: StoreContext, state: StoredState) throws -> String? {
        let current = try [state.dataReplica, state.rosterReplica].compactMap { $0 }.compactMap(
            context.log.tip(number:))
        if current.isEmpty { return nil }
        let calibration = context.environment.sources.calibration
        if state.mustRenew, !calibration.contains(.keepsForkedName) {
            return "a peer holds changes of this station that the database had lost"
        }
        if calibration.contains(.ignoresSideFile) { return nil }
        guard let record = try sideFile.read() else { return "the side file is missing or damaged" }
        guard machine.continues(record.machine) else {
            let differences = machine.differences(from: record.machine).joined(separator: " and ")
            return "\(differences) changed since the last write"
        }
        for tip in current {
            guard let known = record.sequence(of: tip.author) else {
                return "the side file does not know the database's log"
            }
            if tip.sequence < known { return "the database is older than its side file" }
        }
        return nil
    }

    /// The log of `kind` to write to, and the latest timestamp so far; opens a log with a genesis when there is none or a doubt.
    func current(_ kind: LogKind, context: StoreContext) throws -> (tip: LogTip, latest: HybridTimestamp) {
        var state = try context.state()
        if try !context.isIncarnationSettled && doubt(context: context, state: state) != nil {
            try context.connection.statement(
                """
                UPDATE gemba_state
                SET data_replica = NULL, roster_replica = NULL, renew = 0, latest_timestamp = ? WHERE id = 1
                """
            ).bind(1, state.latestTimestamp.rawValue).run()
            state.dataReplica = nil
            state.rosterReplica = nil
        }
        context.isIncarnationSettled = true
        if let number = state.current(kind), let tip = try context.log.tip(number: number) {
            return (tip, state.latestTimestamp)
        }
        return (try open(kind, context: context), state.latestTimestamp)
    }

    /// The greatest number of earlier logs that a genesis names.
    private static let maximumPredecessors = 16

    private func open(_ kind: LogKind, context: StoreContext) throws -> LogTip {
        let environment = context.environment
        let own = try context.log.tips(of: environment.identity.stationKey).filter { $0.kind == kind }
        let predecessors = own.suffix(Self.maximumPredecessors).map(\.reference).sorted { $0.replica < $1.replica }
        let frontier = try context.log.frontier(of: .roster).map { try context.log.reference(to: $0) }
        let genesis = Genesis(
            kind: kind, plant: environment.plant, station: environment.identity.stationKey,
            random: environment.sources.randomBytes(16), incarnation: 1 + (own.map(\.incarnation).max() ?? 0),
            predecessors: predecessors, rosterFrontier: frontier.sorted { $0.replica < $1.replica })
        let entry = Entry(deps: [], body: genesis.encoded())
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        let tip = try context.log.create(genesis, hash: hash, encoded: entry.encoded())
        try context.save(current: tip)
        return tip
    }
}
