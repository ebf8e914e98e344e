import GembaCausality
import GembaTrust
import GembaWire

/// Logs of two stations of one plant, made from a seed with real keys, chains and signatures: what mutants are made of, and
/// what is true of them.
struct SampleLogs: Sendable {
    /// One log, and the places where its author signed it.
    struct Log: Sendable {
        let kind: LogKind
        let identity: StationIdentity
        private(set) var entries: [[UInt8]] = []
        private(set) var hashes: [ChangeHash] = []
        /// The numbers of signed entries, with their heads.
        private(set) var heads: [SignedHead] = []

        var replica: ReplicaID { hashes[0].replica }

        init(kind: LogKind, identity: StationIdentity) {
            self.kind = kind
            self.identity = identity
        }

        mutating func append(_ entry: Entry) {
            let sequence = SequenceNumber(entries.count)
            let replica = hashes.first?.replica
            hashes.append(
                entry.hash(replica: replica, sequence: sequence, previous: hashes.last ?? .beforeGenesis))
            entries.append(entry.encoded())
        }

        mutating func sign(for plant: PlantID) {
            let last = entries.count - 1
            heads.append(
                identity.signHead(
                    replica: replica, sequence: SequenceNumber(last), hash: hashes[last], plant: plant))
        }

        /// The entries from one to the entry of a head.
        func run(from first: Int, to head: SignedHead) -> Run {
            Run(
                replica: replica, first: SequenceNumber(first), previous: first == 0 ? nil : hashes[first - 1].prefix,
                entries: Array(entries[first...Int(head.sequence)]), signature: head.signature)
        }
    }

    let plant: PlantID
    /// A roster log, and a data log of each station.
    let logs: [Log]
    /// A manifest that the first station signed.
    let manifest: SignedManifest

    /// How many changes each signature covers, and how large they are at most. The last is a page, as long as one with many
    /// rows or a text.
    private static let groups = [(1, 200), (4, 200), (8, 200), (3, 200), (12, 200), (1, 4096)]

    /// The last change, which is the only one under its signature.
    var largeChange: Run? {
        guard let log = logs.last, let head = log.heads.last else { return nil }
        return log.run(from: Int(head.sequence), to: head)
    }

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let identities = (0..<2).map { _ in StationIdentity.generate(using: &generator) }
        let founding = try PlantFounding(
            plantName: "Plant 7", stationName: "OFFICE", identity: identities[0], using: &generator)
        plant = founding.plant
        var roster = Log(kind: .roster, identity: identities[0])
        for entry in founding.log.entries { roster.append(entry) }
        roster.sign(for: plant)
        for number in 1...6 {
            let draft = try InvitationDraft(
                name: "L\(number)", role: .station, validForSeconds: 3600, using: &generator)
            let body = RosterBody(
                timestamp: HybridTimestamp(rawValue: UInt64(number)), lamport: UInt64(number), actor: "ewa", reason: "",
                acts: [draft.act])
            roster.append(Entry(deps: [], body: body.encoded()))
            roster.sign(for: plant)
        }
        let frontier = [
            ChangeReference(replica: roster.replica, sequence: 0, prefix: roster.hashes[0].prefix)
        ]
        var logs = [roster]
        for identity in identities {
            logs.append(
                try Self.dataLog(of: identity, plant: plant, frontier: frontier, after: logs, using: &generator))
        }
        self.logs = logs
        manifest = identities[0].sign(
            CheckpointManifest(
                plant: plant, maker: identities[0].stationKey, made: HybridTimestamp(rawValue: 7), roster: frontier,
                entries: 9, rows: 3,
                state: StateDigest(rawValue: generator.hash()), chunkBytes: 64 << 10, bytes: 100_000,
                chunks: (0..<2).map { _ in ChunkHash(rawValue: generator.hash()) }))
    }

    private static func dataLog(
        of identity: StationIdentity, plant: PlantID, frontier: [ChangeReference], after logs: [Log],
        using generator: inout SeededGenerator
    ) throws -> Log {
        var log = Log(kind: .data, identity: identity)
        let genesis = Genesis(
            kind: .data, plant: plant, station: identity.stationKey, random: generator.bytes(16), incarnation: 1,
            predecessors: [], rosterFrontier: frontier)
        log.append(Entry(deps: [], body: genesis.encoded()))
        let other = logs.last { $0.kind == .data }
        for (count, size) in groups {
            for _ in 0..<count {
                let body = change(
                    SequenceNumber(log.entries.count), bytes: size > 200 ? size : generator.number(in: 1...size),
                    using: &generator)
                let deps = generator.chance(0.3) ? other.map { [$0.tip] } : nil
                log.append(try Envelope.makeEntry(body.encoded(author: log.replica), deps: deps ?? []))
            }
            log.sign(for: plant)
        }
        return log
    }
}

extension SampleLogs {
    /// A change that inserts a row with so many random bytes.
    private static func change(
        _ sequence: SequenceNumber, bytes: Int, using generator: inout SeededGenerator
    ) -> ChangeBody {
        let effect = Effect(
            group: GroupID(rawValue: 1), content: .register(replaces: [], values: [.blob(generator.bytes(bytes))]))
        let operation = RowOperation(
            table: TableID(rawValue: 1), row: RowID(rawValue: UInt128(generator.next())), verb: .insert,
            effects: [effect])
        return ChangeBody(
            timestamp: HybridTimestamp(rawValue: generator.next() >> 16), lamport: sequence, schemaVersion: 1,
            actor: "ewa", reason: "counted", operations: [operation], references: [])
    }
}

extension SampleLogs.Log {
    fileprivate var tip: ChangeReference {
        let last = entries.count - 1
        return ChangeReference(replica: replica, sequence: SequenceNumber(last), prefix: hashes[last].prefix)
    }
}

extension SeededGenerator {
    fileprivate mutating func hash() -> ThirtyTwoByteValue {
        let halves = (0..<2).map { _ in UInt128(next()) << 64 | UInt128(next()) }
        return ThirtyTwoByteValue(high: halves[0], low: halves[1])
    }
}
