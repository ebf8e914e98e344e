import GembaCausality
import GembaTrust
import GembaWire

/// What is left of the logs in a damaged file.
///
/// All leaves of tables are looked through, whatever became of the trees that led to them, for rows that look like segments.
/// Nothing of that is trusted: what is made of it is applied as if a peer had sent it, with every hash and signature.
struct Salvage {
    /// The entries that were found of one log.
    struct Log {
        let replica: ReplicaID
        /// Its number in the damaged database.
        let number: Int64
        /// Known by its genesis; nil when that is lost.
        let kind: LogKind?
        /// Whether its name was found on a sound page, and not only computed from a genesis that may be damaged.
        let isNamed: Bool
        /// Entries that end at kept heads, in order. Between two of them entries may be missing.
        var pieces: [Piece]
    }

    /// Entries that end at a kept head.
    struct Piece {
        var run: Run
        /// The lamport number of the first entry, in whose order logs depend on each other.
        var lamport: UInt64
    }

    /// The logs whose names are known.
    private(set) var logs: [Log] = []
    /// The plant, as most logs say, or the database where the beginnings of all are lost. If that is wrong, no signature fits.
    var plant: PlantID? { plants.max { $0.value < $1.value }?.key ?? statedPlant }
    private var statedPlant: PlantID?
    private var plants: [PlantID: Int] = [:]
    /// The numbers that logs had, those included of which nothing is left.
    private(set) var numbers: [ReplicaID: Int64] = [:]
    /// Whether bodies had been folded into a checkpoint.
    private(set) var isFolded = false

    /// Where logs ended, by number.
    private var ends: [Int64: Int64] = [:]
    /// Sound segments, then those on damaged pages.
    private var segments: [Int64: [(segment: Segment, isSound: Bool)]] = [:]

    init(_ images: PageImages) throws {
        try images.forEach { image in
            guard let leaf = TableLeaf(image) else { return }
            for row in leaf.rows(images.page) { take(row) }
        }
        for number in segments.keys.sorted() { addLog(number) }
        segments.removeAll()
    }

    private mutating func take(_ row: TableLeaf.Row) {
        if Self.segmentColumns.contains(row.columns.count) { takeSegment(row) }
        if row.columns.count == Self.replicaColumns { takeNumber(row) }
        if row.columns.count == Self.stateColumns { takePlant(row) }
    }

    /// The last one came later, and is found again by whoever applies what is saved.
    private static let segmentColumns = 5...6
    private static let replicaColumns = 11
    private static let stateColumns = 7

    private mutating func takeSegment(_ row: TableLeaf.Row) {
        guard row.columns[0] == .null, case .bytes(let directory) = row.columns[1],
            case .bytes(let heads) = row.columns[2], case .integer(let coding) = row.columns[3],
            case .bytes(let entries) = row.columns[4], row.key > 0,
            let segment = try? Segment(
                key: Segment.Key(rawValue: row.key), directory: directory, coding: coding, entries: entries,
                heads: heads, start: nil)
        else { return }
        isFolded = isFolded || segment.isFolded
        if !segment.isFolded { segments[segment.replica, default: []].append((segment, row.isSound)) }
    }

    /// Notes which number a log had. Only what is on a sound page is believed: nothing else proves it.
    private mutating func takeNumber(_ row: TableLeaf.Row) {
        guard row.isSound, row.columns[0] == .null, case .bytes(let name) = row.columns[1],
            case .bytes(let station) = row.columns[3], StationKey(bytes: station) != nil,
            let replica = ReplicaID(bytes: name), row.key > 0
        else { return }
        numbers[replica] = row.key
        if case .integer(let end) = row.columns[5] { ends[row.key] = max(ends[row.key] ?? 0, end) }
    }

    private mutating func takePlant(_ row: TableLeaf.Row) {
        guard row.isSound, row.columns[0] == .null, case .bytes(let plant) = row.columns[1],
            case .bytes(let station) = row.columns[2], StationKey(bytes: station) != nil
        else { return }
        statedPlant = PlantID(bytes: plant)
    }

    // MARK: - Logs

    private struct FoundEntry {
        var bytes: [UInt8]
        var prefix: HashPrefix
        var lamport: UInt64
        var signature: [UInt8]?
    }

    private mutating func addLog(_ number: Int64) {
        var found = entries(of: number)
        // Damaged keys put entries where none have ever been.
        if let end = ends[number] { found = found.filter { $0.key <= SequenceNumber(max(0, end)) } }
        let known = numbers.first { $0.value == number }?.key
        var genesis = found[0].flatMap { Self.genesis($0.bytes) }
        if genesis == nil || known ?? genesis?.replica != genesis?.replica {
            found[0] = nil
            genesis = nil
        }
        if let genesis {
            numbers[genesis.replica] = number
            plants[genesis.plant, default: 0] += 1
        }
        guard let replica = known ?? genesis?.replica else { return }
        logs.append(
            Log(
                replica: replica, number: number, kind: genesis?.kind, isNamed: known != nil,
                pieces: Self.pieces(of: found, replica: replica)))
    }

    /// The entries of a log by number; those from damaged pages where there are no others.
    private func entries(of number: Int64) -> [SequenceNumber: FoundEntry] {
        var found: [SequenceNumber: FoundEntry] = [:]
        let segments = segments[number] ?? []
        for (segment, _) in segments.filter(\.isSound) + segments.filter({ !$0.isSound }) {
            for sequence in segment.sequences {
                let signature = segment.heads.first { $0.sequence == sequence }?.signature
                let record = segment.record(sequence)
                var entry =
                    found[sequence]
                    ?? FoundEntry(
                        bytes: Array(segment.entry(sequence)), prefix: record.prefix, lamport: record.lamport)
                entry.signature = entry.signature ?? signature
                found[sequence] = entry
            }
        }
        return found
    }

    private static func genesis(_ bytes: [UInt8]) -> (replica: ReplicaID, kind: LogKind, plant: PlantID)? {
        guard let entry = try? Entry(decoding: bytes), let genesis = try? Genesis(decoding: entry.body) else {
            return nil
        }
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        guard let plant = genesis.plant ?? PlantID(bytes: hash.bytes) else { return nil }
        return (hash.replica, genesis.kind, plant)
    }

    private static func pieces(of found: [SequenceNumber: FoundEntry], replica: ReplicaID) -> [Piece] {
        var pieces: [Piece] = []
        var open: [FoundEntry] = []
        var next: SequenceNumber?
        for (sequence, entry) in found.sorted(by: { $0.key < $1.key }) {
            if sequence != next { open.removeAll() }
            next = sequence + 1
            open.append(entry)
            guard let signature = entry.signature else { continue }
            let first = sequence + 1 - SequenceNumber(open.count)
            pieces.append(
                Piece(
                    run: Run(
                        replica: replica, first: first, previous: first == 0 ? nil : found[first - 1]?.prefix,
                        entries: open.map(\.bytes), signature: signature),
                    lamport: open[0].lamport))
            open.removeAll()
        }
        return pieces
    }
}
