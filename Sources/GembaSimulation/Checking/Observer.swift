import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// Looks into every node's database after everything that happens there, and compares it with all that was ever seen.
///
/// It computes every hash itself, so that it does not share the store's opinion.
final class Observer {
    var history = History()
    var ledger = Ledger()
    /// The station that may drop rows.
    var administrator: StationKey?
    /// Whether logs are forked on purpose: one name may then stand for several entries.
    var allowsForks = false
    /// What every node's database was last seen to hold, by kind of log. Stays while a node is down.
    var held: [Int: [LogKind: VersionVector]] = [:]
    private var scanned: [Int: [LogKind: Int64]] = [:]
    private var isReviewing = false
    /// The digest that was first seen with a set of changes.
    private var digests: [VersionVector: StateDigest] = [:]
    private var reader = PackReader()
    /// Something that was sent too early; thrown when the event at hand is handled.
    private(set) var exposed: Violation?
    /// Stations that somebody was seen to know as former members.
    var removed: Set<StationKey> = []
    /// What members wrote sealed after they knew of removals, with the stations that must not read it.
    var secrets: [(entry: HashPrefix, stations: Set<StationKey>)] = []
    /// What disks held that were put back to an earlier state.
    private(set) var lostWithDisks: Set<Dot> = []
    /// Those whom each node knows to be former members.
    private var former: [Int: Set<StationKey>] = [:]
    /// Stations that some node took for former members and then not any more: they were reinstated, or whoever removed them had
    /// no right to it any more.
    private(set) var returned: Set<StationKey> = []
    /// How much was looked at.
    private(set) var counts = ObservationCounts()

    /// Reads sealed bodies with the keys of a member that is given every epoch.
    func read(with identity: StationIdentity, in plant: PlantID) { history.keys = HistoryKeys(identity, plant: plant) }

    // MARK: - Logs

    /// Takes in what is new in a node's logs: names are unique, nothing comes before its causes, nothing goes away.
    func observe(_ node: SimulatedNode) throws {
        if let exposed { throw exposed }
        guard let replica = node.process?.replica else { return }
        try noticeWithdrawals(at: node)
        for kind in [LogKind.roster, .data] { try scan(kind, of: replica, node) }
        try checkEnds(replica, node)
        try checkPairs(replica, node.name)
    }

    private func scan(_ kind: LogKind, of replica: Replica, _ node: SimulatedNode) throws {
        let position = scanned[node.index]?[kind] ?? 0
        let floors = kind == .data ? try takeFloors(of: replica, node) : VersionVector()
        try replica.forEachEntry(of: kind, after: position) { stored in
            if floors.contains(stored.dot) { return }
            let (hash, previous) = try place(of: stored.dot, stored.encoded, stored.prefix, node)
            let dot = history[stored.prefix] ?? history.place(hash, author: stored.dot.replica, after: previous)
            if !allowsForks, dot.replica != stored.dot.replica {
                throw Violation(.identity, at: node.name, "\(stored.dot) stands for two entries, \(hash) the later")
            }
            try take(dot, hash, stored.station, kind, author: stored.dot.replica, entry: stored.encoded, node)
        }
        // What came without a body is known by its floor, also when the body comes later.
        scanned[node.index, default: [:]][kind] = try replica.lastPosition(of: kind)
    }

    /// Takes in what a checkpoint brought: entries without bodies, which somebody must have held with them.
    private func takeFloors(of replica: Replica, _ node: SimulatedNode) throws -> VersionVector {
        let floors = try replica.snapshot(of: .data).floors
        for (name, sequence) in floors.entries {
            let dot = Dot(name, sequence)
            guard history[dot] != nil else {
                throw Violation(.causality, at: node.name, "\(dot) came by a checkpoint, and nobody ever held it")
            }
            held[node.index, default: [:]][.data, default: VersionVector()].insert(dot)
        }
        return floors
    }

    /// The hash of an entry, and the one before it in its log, by what was seen of that.
    ///
    /// - Parameter prefix: what the replica says is the beginning of the hash; it finds the entry before on a forked log.
    private func place(
        of dot: Dot, _ encoded: [UInt8], _ prefix: HashPrefix, _ node: SimulatedNode
    ) throws -> (hash: ChangeHash, previous: Dot?) {
        let entry = try Entry(decoding: encoded)
        if dot.sequence == 0 { return (entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis), nil) }
        let candidates = history.entries(of: dot.replica, at: dot.sequence - 1)
        for previous in candidates {
            let hash = entry.hash(replica: dot.replica, sequence: dot.sequence, previous: previous.hash)
            if hash.prefix == prefix { return (hash, previous.dot) }
        }
        throw Violation(
            candidates.isEmpty ? .causality : .identity, at: node.name,
            "\(dot) is held, and nobody ever held the entry before it that it continues")
    }

    private func take(
        _ dot: Dot, _ hash: ChangeHash, _ station: StationKey, _ kind: LogKind, author: ReplicaID, entry: [UInt8],
        _ node: SimulatedNode
    ) throws {
        counts.entries += 1
        if let known = history[dot] {
            guard known.hash == hash else {
                throw Violation(.identity, at: node.name, "\(dot) stands for \(known.hash) and \(hash)")
            }
        } else if let missing = try history.add(
            entry, hash: hash, dot: dot, author: author, station: station, kind: kind)
        {
            throw Violation(.causality, at: node.name, "\(dot) is held, which nobody ever held with \(missing)")
        }
        guard let change = history[dot] else { return }
        var vector = held[node.index]?[kind] ?? VersionVector()
        // A joiner stores its own join act before it has met anybody, and moves it to its place later.
        let isOwnJoin = kind == .roster && change.station == node.keys?.station && !isReviewing
        if isOwnJoin, vector.contains(dot) { return }
        let isAlone = vector.entries.keys.allSatisfy { $0 == dot.replica }
        for dep in change.deps where !(history[dep.prefix].map(vector.contains) ?? false) && !(isOwnJoin && isAlone) {
            throw Violation(.causality, at: node.name, "\(dot) is held without \(dep.dot), on which it depends")
        }
        // What was withdrawn and counts again stands in another place.
        if kind == .data, removed.contains(change.station), vector.contains(dot) { return }
        let expected = vector[dot.replica].map { $0 + 1 } ?? history.forks[dot.replica].map { $0.sequence + 1 } ?? 0
        guard dot.sequence == expected,
            dot.sequence == 0 || vector.contains(history.ancestor(of: dot, at: dot.sequence - 1))
        else {
            throw Violation(.causality, at: node.name, "\(dot) is stored where \(expected) was due")
        }
        if kind == .data, dot.sequence > 0, change.body == nil {
            throw Violation(.conduct, at: node.name, "\(dot) is malformed")
        }
        vector.insert(dot)
        held[node.index, default: [:]][kind] = vector
    }

    /// Takes notice of whom a node knows to be former members.
    func noteFormer(_ stations: Set<StationKey>, at node: SimulatedNode) {
        returned.formUnion(former[node.index, default: []].subtracting(stations))
        former[node.index] = stations
    }

    /// Looks at all logs of a node again: the order in which they stand now is a causal one throughout (S1).
    func checkOrder(_ node: SimulatedNode) throws {
        isReviewing = true
        held[node.index] = nil
        scanned[node.index] = nil
        try observe(node)
        isReviewing = false
    }

    /// What a node's database says that it holds.
    func vector(of replica: Replica, _ kind: LogKind) throws -> VersionVector {
        try replica.read { try vector($0, kind) }
    }

    private func vector(_ database: Database, _ kind: LogKind) throws -> VersionVector {
        var vector = VersionVector()
        for row in try Row.fetchAll(
            database, sql: "SELECT replica, sequence, hash FROM gemba_replica WHERE kind = ?",
            arguments: [kind.rawValue])
        {
            guard let replica: ReplicaID = row.fixed(0), let hash: ChangeHash = row.fixed(2) else { continue }
            // What a process that died in the middle of an event had stored was not looked at yet.
            let stated = Dot(replica, UInt64(bitPattern: row[1]))
            let known = history[hash.prefix]
            let dot = known.map { history.ancestor(of: $0, at: min(stated.sequence, $0.sequence)) } ?? stated
            vector.merge(history.line(to: dot))
        }
        return vector
    }

    /// After a restart: all that the database was seen to hold is still there.
    func checkNothingLost(_ node: SimulatedNode) throws {
        guard let replica = node.process?.replica else { return }
        for kind in LogKind.allCases {
            if kind == .data { try noticeWithdrawals(at: node) }
            let now = try vector(of: replica, kind)
            for (name, sequence) in held[node.index]?[kind]?.entries ?? [:] {
                if try holds(Dot(name, sequence), kind, replica, now) { continue }
                throw Violation(.durability, at: node.name, "\(Dot(name, sequence)) was held and is gone")
            }
        }
    }

    /// Whether an entry that was seen before is held.
    ///
    /// - Parameter now: what the database says that it holds. Of ends that were never seen it does not tell what they stand on.
    func holds(_ dot: Dot, _ kind: LogKind, _ replica: Replica, _ now: VersionVector) throws -> Bool {
        guard !now.contains(dot), let change = history[dot] else { return true }
        return try replica.holds(
            ChangeReference(replica: change.author, sequence: dot.sequence, prefix: change.hash.prefix), kind: kind)
    }

    /// Before a frame leaves a node: the side file remembers what it shows of the station's own logs (L9).
    func checkExposure(_ frame: [UInt8], by node: SimulatedNode) {
        let own = runs(in: frame).filter { history[Dot($0.replica, 0)]?.station == node.keys?.station }
        if own.isEmpty { return }
        counts.exposureChecks += 1
        let content = FileManager.default.contents(atPath: node.folder + "/replica.side")
        let record = content.flatMap { try? JSONDecoder().decode(SideRecord.self, from: $0) }
        for run in own where record?.sequences[run.replica.description].map({ $0 < run.last }) ?? true {
            exposed = Violation(
                .exposure, at: node.name, "\(Dot(run.replica, run.last)) is sent before the side file knows of it")
        }
    }

    private func runs(in frame: [UInt8]) -> [Run] {
        // The second byte of a frame is its type; only batches, packs and bodies carry entries.
        guard frame.count > 1, [3, 11, 13].contains(frame[1]), let decoded = try? Frame(decoding: frame) else {
            return []
        }
        switch decoded.message {
        case .batch(let batch): return batch.runs
        case .pack(let pack): return reader.runs(of: pack, in: decoded.session) ?? []
        case .bodies(let bodies): return (try? bodies.unpacked().map(\.run)) ?? []
        default: return []
        }
    }

    /// What is read of a side file.
    private struct SideRecord: Decodable {
        var sequences: [String: UInt64]
    }

    // MARK: - Rows

    /// Rows of `debit` and `credit` are only ever written together, with equal values.
    private func checkPairs(_ replica: Replica, _ name: String) throws {
        counts.pairChecks += 1
        let broken = try replica.read { database -> String? in
            guard try database.tableExists("debit"), try database.tableExists("credit") else { return nil }
            return try String.fetchOne(
                database,
                sql: """
                    SELECT 'row ' || hex(coalesce(debit.id, credit.id)) || ': ' || coalesce(debit.amount, 'absent') || ' and '
                        || coalesce(credit.amount, 'absent') || ', tags ' || coalesce(debit.tags, 'absent') || ' and '
                        || coalesce(credit.tags, 'absent')
                    FROM debit FULL JOIN credit ON credit.id = debit.id
                    WHERE debit.amount IS NOT credit.amount OR debit.tags IS NOT credit.tags
                        OR debit.id IS NULL OR credit.id IS NULL
                    """)
        }
        if let broken { throw Violation(.atomicity, at: name, "the two halves of a pair differ in \(broken)") }
    }

    /// A random read: everything behind the values that it shows is there too.
    func read(_ node: SimulatedNode, random: inout SeededGenerator) throws {
        guard let replica = node.process?.replica, !replica.schema.tables.isEmpty else { return }
        guard let table = random.pick(replica.schema.tables), let group = random.pick(table.groups) else { return }
        let chosen = random.next()
        try replica.readRows { reader in
            let rows = try RowID.fetchAll(reader.database, sql: "SELECT id FROM \(table.name) ORDER BY id")
            guard !rows.isEmpty, let column = group.columns.first?.name else { return }
            let row = rows[Int(chosen % UInt64(rows.count))]
            let vector = try vector(reader.database, .data)
            let naming = history.forks.isEmpty ? nil : Naming(of: vector, in: history)
            for origin in try reader.provenance(of: row, in: table.name, column: column) {
                counts.reads += 1
                let shown = naming.map { $0.entry(named: origin.dot, in: vector) } ?? origin.dot
                guard let dot = shown, let change = history[dot], vector.contains(dot) else {
                    throw Violation(.causality, at: node.name, "a read shows \(origin.dot), which is not held")
                }
                for (name, sequence) in change.past.entries
                where history[Dot(name, sequence)]?.kind == .data && !vector.contains(Dot(name, sequence)) {
                    throw Violation(
                        .causality, at: node.name,
                        "a read shows \(origin.dot) without \(Dot(name, sequence)), which it had seen")
                }
            }
        }
    }

    /// The state of a node is the one that the rules make of what it holds, and that of every other with the same.
    func checkState(_ node: SimulatedNode) throws {
        guard let replica = node.process?.replica, !node.isBlind else { return }
        counts.stateChecks += 1
        let vector = try vector(of: replica, .data)
        let digest = try replica.digest()
        if let known = digests[vector], known != digest {
            throw Violation(.convergence, at: node.name, "another replica with the same changes has another digest")
        }
        digests[vector] = digest
        let model = ReferenceModel(history.changes(in: vector), administrator: administrator)
        try StateChecker(replica: replica, node: node.name, model: model).check()
    }

    // MARK: - Disks that went back in time

    /// Takes notice that a node started on a disk that was put back to an earlier state.
    ///
    /// - Parameter reusesNames: the names of what no disk holds any more may be given again.
    func noticeRestore(of node: SimulatedNode, reusesNames: Bool) throws {
        guard let replica = node.process?.replica else { return }
        let before = held[node.index]?[.data] ?? VersionVector()
        for kind in LogKind.allCases { held[node.index, default: [:]][kind] = try vector(of: replica, kind) }
        let now = held[node.index]?[.data] ?? VersionVector()
        lostWithDisks.formUnion(history.changes.keys.filter { before.contains($0) && !now.contains($0) })
        let everywhere = held.values.flatMap(\.values).reduce(VersionVector()) { $0.merging($1) }
        ledger.strike(history.changes.keys.filter { !everywhere.contains($0) })
        if reusesNames, !allowsForks {
            history.forget { !everywhere.contains($0) }
            digests = digests.filter { vector, _ in
                vector.entries.allSatisfy { everywhere.contains(Dot($0.key, $0.value)) }
            }
        }
        // Its logs are looked at from the beginning.
        held[node.index] = nil
        scanned[node.index] = nil
        try observe(node)
    }

    /// Whether others hold more of a node's own logs than itself.
    func isBehindOthers(_ node: SimulatedNode) -> Bool {
        guard let station = node.keys?.station else { return false }
        let own = held[node.index] ?? [:]
        return held.contains { other, vectors in
            other != node.index
                && vectors.contains { kind, vector in
                    vector.entries.contains { replica, sequence in
                        history[Dot(replica, 0)]?.station == station
                            && !(own[kind]?.contains(Dot(replica, sequence)) ?? false)
                    }
                }
        }
    }
}

/// How much an observer looked at.
public struct ObservationCounts: Hashable, Sendable {
    /// Entries found in logs, once for each node.
    public var entries = 0
    /// Times that all paired rows of a node were compared.
    public var pairChecks = 0
    /// Values whose causal past was looked for.
    public var reads = 0
    /// Frames with entries of their sender's own that were compared with its side file.
    public var exposureChecks = 0
    /// Times that a node's whole state was compared with the model.
    public var stateChecks = 0
}

extension Row {
    fileprivate func fixed<Value: FixedBytes>(_ index: Int) -> Value? {
        let data: Data? = self[index]
        return data.flatMap { Value(bytes: $0) }
    }
}
