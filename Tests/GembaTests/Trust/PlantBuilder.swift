import Crypto
import GembaCausality
import GembaSimulation
import GembaWire

@testable import GembaTrust

/// Builds roster logs of one plant, entry by entry, with real keys, hashes and signatures.
///
/// What an entry had seen is stated by naming stations: their newest entries become its deps.
struct PlantBuilder {
    typealias Station = Int

    private(set) var generator: SeededGenerator
    private(set) var plant: PlantID
    private(set) var recovery: RecoveryKey
    private(set) var identities: [StationIdentity]
    /// For each station the log it appends to.
    private(set) var current: [Int]
    private(set) var logs: [Log]

    struct Log {
        var signer: any HeadSigner
        var genesis: Genesis
        var entries: [Entry]
        var hashes: [ChangeHash]
        /// The lamport number of each entry.
        var lamports: [UInt64] = [0]

        var replica: ReplicaID { hashes[0].replica }
        var tip: ChangeReference {
            ChangeReference(
                replica: replica, sequence: SequenceNumber(entries.count - 1), prefix: hashes[entries.count - 1].prefix)
        }

        func decoded(count: Int? = nil) -> RosterLog {
            RosterLog(
                genesis: genesis, genesisHash: hashes[0],
                entries: zip(entries, hashes).prefix(count ?? entries.count).dropFirst().map {
                    RosterLog.Entry($0, hash: $1)
                })
        }

        func run(from first: Int = 0, plant: PlantID) -> Run {
            let head = signer.signHead(
                replica: replica, sequence: SequenceNumber(entries.count - 1), hash: hashes[entries.count - 1],
                plant: plant)
            return Run(
                replica: replica, first: SequenceNumber(first), previous: first == 0 ? nil : hashes[first - 1].prefix,
                entries: entries[first...].map { $0.encoded() }, signature: head.signature)
        }
    }

    static let founder: Station = 0

    init(seed: UInt64 = 1) throws {
        generator = SeededGenerator(seed: seed)
        let identity = StationIdentity.generate(using: &generator)
        let founding = try PlantFounding(
            plantName: "Plant 7", stationName: "OFFICE", identity: identity, using: &generator)
        plant = founding.plant
        recovery = founding.recovery
        identities = [identity]
        current = [0]
        logs = []
        try adopt(founding.log, of: identity)
    }

    // MARK: - Acts

    /// Appends an entry of a station that had seen the newest entries of others.
    @discardableResult
    mutating func append(_ acts: [RosterAct], by station: Station, seeing others: [Station] = []) -> ChangeReference {
        append(acts, by: station, deps: others.filter { $0 != station }.map { logs[current[$0]].tip })
    }

    @discardableResult
    mutating func append(
        _ acts: [RosterAct], by station: Station, deps: [ChangeReference], stating lamport: UInt64? = nil
    ) -> ChangeReference {
        let index = current[station]
        let deps = Dictionary(deps.map { ($0.replica, $0) }, uniquingKeysWith: { $1 }).values
            .filter { $0.replica != logs[index].replica }.sorted { $0.replica < $1.replica }
        let expected = 1 + max(logs[index].lamports.last ?? 0, deps.map(self.lamport).max() ?? 0)
        logs[index].lamports.append(expected)
        let body = RosterBody(
            timestamp: HybridTimestamp(rawValue: generator.next() >> 16), lamport: lamport ?? expected, actor: "",
            reason: "", acts: acts)
        let entry = Entry(deps: deps, body: body.encoded())
        let sequence = SequenceNumber(logs[index].entries.count)
        logs[index].hashes.append(
            entry.hash(
                replica: logs[index].replica, sequence: sequence, previous: logs[index].hashes[Int(sequence) - 1]))
        logs[index].entries.append(entry)
        return logs[index].tip
    }

    mutating func invite(
        _ role: Role = .station, name: String = "", by station: Station = founder, seeing others: [Station] = []
    ) throws -> InvitationToken {
        let draft = try InvitationDraft(name: name, role: role, validForSeconds: 3600, using: &generator)
        let announcement = append([draft.act], by: station, seeing: others)
        return draft.token(
            routes: [.init(endpoint: "tcp://relay.example:7700", transport: identities[station].transportKey)],
            plant: plant, announcement: announcement, lamport: lamport(announcement))
    }

    /// Makes a station that joins.
    mutating func join(_ token: InvitationToken, named name: String = "L3") throws -> Station {
        let identity = StationIdentity.generate(using: &generator)
        identities.append(identity)
        current.append(0)
        let station = identities.count - 1
        try join(token, as: station, named: name)
        return station
    }

    /// Makes a join of a station that exists already; it speaks through the new log from then on.
    mutating func join(_ token: InvitationToken, as station: Station, named name: String = "L3") throws {
        let log = try token.makeRosterLog(
            for: identities[station], named: name, at: HybridTimestamp(rawValue: 1), using: &generator)
        try adopt(log, of: identities[station])
        current[station] = logs.count - 1
    }

    mutating func enrol(
        _ role: Role = .station, named name: String = "L3", by inviter: Station = founder
    ) throws -> Station {
        try join(try invite(role, by: inviter), named: name)
    }

    /// Makes a roster log of any content.
    @discardableResult
    mutating func join(
        as station: Station, genesis: Genesis, acts: [RosterAct], deps: [ChangeReference] = []
    ) -> ReplicaID {
        let entry = Entry(deps: [], body: genesis.encoded())
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        logs.append(Log(signer: identities[station], genesis: genesis, entries: [entry], hashes: [hash]))
        current[station] = logs.count - 1
        if !acts.isEmpty { append(acts, by: station, deps: deps) }
        return hash.replica
    }

    /// Adds an identity without a log.
    mutating func stranger() -> Station {
        identities.append(StationIdentity.generate(using: &generator))
        current.append(0)
        return identities.count - 1
    }

    /// Opens a new incarnation of a station's roster log.
    mutating func reincarnate(_ station: Station) {
        let genesis = Genesis(
            kind: .roster, plant: plant, station: identities[station].stationKey, random: generator.bytes(16),
            incarnation: 2, predecessors: [logs[current[station]].tip])
        join(as: station, genesis: genesis, acts: [])
    }

    /// Makes a log of the recovery key that had seen the newest entries of others.
    @discardableResult
    mutating func recover(_ acts: [RosterAct], seeing others: [Station] = []) throws -> ChangeReference {
        let frontier = Set(others.map { logs[current[$0]].tip }).sorted { $0.replica < $1.replica }
        let log = recovery.makeRosterLog(
            plant: plant, frontier: frontier, lamport: frontier.map(lamport).max() ?? 0,
            at: HybridTimestamp(rawValue: generator.next() >> 16), by: "it", because: "lost", acts: acts,
            using: &generator)
        try adopt(log, of: recovery)
        return logs[logs.count - 1].tip
    }

    private mutating func adopt(_ log: NewRosterLog, of signer: some HeadSigner) throws {
        logs.append(
            Log(
                signer: signer, genesis: try Genesis(decoding: log.entries[0].body), entries: log.entries,
                hashes: log.hashes,
                lamports: try [0] + log.entries.dropFirst().map { try RosterBody(decoding: $0.body).lamport }))
    }

    private func lamport(_ reference: ChangeReference) -> UInt64 {
        logs.first { $0.replica == reference.replica }?.lamports[Int(reference.sequence)] ?? 0
    }

    // MARK: - Results

    func key(_ station: Station) -> StationKey { identities[station].stationKey }
    func log(_ station: Station) -> Log { logs[current[station]] }
    func replica(_ station: Station) -> ReplicaID { log(station).replica }
    func tip(_ station: Station) -> ChangeReference { log(station).tip }

    /// An entry of the log that a station speaks through.
    func entry(_ sequence: Int, of station: Station) -> ChangeReference {
        let log = log(station)
        return ChangeReference(
            replica: log.replica, sequence: SequenceNumber(sequence), prefix: log.hashes[sequence].prefix)
    }

    var rosterLogs: [RosterLog] { logs.map { $0.decoded() } }
    var roster: Roster { Roster(plant: plant, logs: rosterLogs) }

    mutating func bytes(_ count: Int) -> [UInt8] { generator.bytes(count) }
    mutating func below(_ bound: Int) -> Int { generator.below(bound) }
}

/// The bytes of a hexadecimal literal.
func hex(_ text: String) -> [UInt8] {
    guard let bytes = Hexadecimal.decode(text) else { preconditionFailure("not hexadecimal: \(text)") }
    return bytes
}
