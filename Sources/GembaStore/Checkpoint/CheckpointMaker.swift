import Crypto
import GembaCRDT
import GembaCausality
import GembaTrust
import GembaWire

/// Writes the merge state of everything that a replica holds, at one moment, as a checkpoint.
///
/// Runs inside one read transaction: the cut is the vector of that snapshot, so it is causally closed. Memory does not
/// grow with the number of rows, but for one bit for each entry of the logs.
struct CheckpointMaker {
    private let context: StoreContext
    private var writer: CheckpointWriter
    private let progress: (Int) -> Void
    private let tips: [LogTip]
    /// The place of each log in the checkpoint's list, by its number in this database.
    private let places: [Int64: Int64]
    /// For each log, which entries a row names.
    private var named: [BitSet]
    private var rowCount: UInt64 = 0
    private var state = SHA256()

    /// The size at which a section of rows is closed.
    private static let sectionBytes = 64 << 10
    /// How often progress is told, in rows.
    private static let progressStride = 10_000

    init(context: StoreContext, writer: CheckpointWriter, progress: @escaping (Int) -> Void) throws {
        self.context = context
        self.writer = writer
        self.progress = progress
        tips = try context.log.tips(of: .data)
        places = Dictionary(uniqueKeysWithValues: tips.enumerated().map { ($1.number, Int64($0)) })
        named = tips.map { BitSet(count: Int($0.sequence) + 1) }
    }

    /// Writes all sections.
    mutating func make(at timestamp: HybridTimestamp) throws -> CheckpointManifest {
        try addLogs()
        try findNamed()
        for (place, tip) in tips.enumerated() { try addFolded(tip, place: place) }
        state.update(data: DigestBuilder.tag)
        for table in try RowSource.tables(context) { try addRows(of: table) }
        try addDeferred()
        for (place, tip) in tips.enumerated() { try addKnowledge(of: tip, place: UInt64(place)) }
        try writer.finish()
        guard let state = StateDigest(bytes: Array(state.finalize())) else {
            preconditionFailure("a SHA-256 hash has 32 bytes")
        }
        return CheckpointManifest(
            plant: context.environment.plant, maker: context.environment.identity.stationKey, made: timestamp,
            roster: try context.references(to: context.log.frontier(of: .roster)),
            entries: tips.reduce(0) { $0 + $1.sequence + 1 }, rows: rowCount, state: state,
            chunkBytes: UInt64(writer.chunkBytes), bytes: writer.bytes, chunks: writer.hashes)
    }

    private func section(_ kind: CheckpointSection, items: Int) -> CBOREncoder {
        var encoder = CBOREncoder()
        encoder.array(count: 1 + items)
        encoder.unsigned(kind.rawValue)
        return encoder
    }

    private func dot(_ dot: LocalDot) throws -> LocalDot {
        guard let place = places[dot.replica] else {
            throw StoreError(.corrupted, "A row names an unknown log; run `gemba verify`.")
        }
        return LocalDot(replica: place, sequence: dot.sequence)
    }

    // MARK: - Logs

    private mutating func addLogs() throws {
        let frontier = Set(try context.log.frontier(of: .data))
        for tip in tips {
            guard let genesis = try context.log.entry(at: LocalDot(replica: tip.number, sequence: 0)),
                let head = try context.log.head(at: tip)
            else {
                throw StoreError(.corrupted, "The log \(tip.replica) lacks its beginning or head; run `gemba verify`.")
            }
            var section = section(.logs, items: 1)
            CheckpointLog(
                genesis: Array(genesis), head: head, lamport: tip.lamport, isFollowed: !frontier.contains(tip.dot)
            ).encode(into: &section)
            try writer.add(section)
        }
    }

    // MARK: - Rows

    /// Finds out which changes a row still names, before what stays of them is written.
    private mutating func findNamed() throws {
        var named = named
        func note(_ local: LocalDot) {
            guard let place = places[local.replica], local.sequence <= tips[Int(place)].sequence else { return }
            named[Int(place)].insert(Int(local.sequence))
        }
        for layout in context.environment.layouts.values {
            try context.connection.statement("SELECT gemba_meta FROM \(layout.quotedName)")
                .forEach { try context.rows.decodeMetadata(in: $0, at: 0).state.forEachDot(note) }
        }
        try context.connection.statement("SELECT meta FROM gemba_hidden")
            .forEach { try context.rows.decodeMetadata(in: $0, at: 0).state.forEachDot(note) }
        try context.connection.statement("SELECT replica, sequence FROM gemba_deferred")
            .forEach { note(LocalDot(replica: $0.int(0), sequence: $0.unsigned(1))) }
        self.named = named
    }

    private mutating func addRows(of table: TableID) throws {
        var pending = CBOREncoder()
        var count = 0
        let digest = DigestBuilder(context: context)
        let dropsDeleted = context.environment.sources.calibration.contains(.checkpointsDropDeletedRows)
        try RowSource(context: context, table: table).forEach { row, local in
            if dropsDeleted, local.wasInserted, !local.presence.isAlive { return }
            state.update(data: try digest.encoded(local, table: table, row: row))
            CheckpointRow.encode(row, try local.renamed(dot), into: &pending)
            count += 1
            rowCount += 1
            if rowCount.isMultiple(of: UInt64(Self.progressStride)) { progress(Int(rowCount)) }
            if pending.bytes.count >= Self.sectionBytes {
                try close(&pending, &count, table: table)
            }
        }
        try close(&pending, &count, table: table)
    }

    private mutating func close(_ rows: inout CBOREncoder, _ count: inout Int, table: TableID) throws {
        if count == 0 { return }
        var section = section(.rows, items: 2)
        section.unsigned(UInt64(table.rawValue))
        section.array(count: count)
        section.raw(rows.bytes)
        try writer.add(section)
        rows = CBOREncoder(capacity: 2 * Self.sectionBytes)
        count = 0
    }

    private mutating func addDeferred() throws {
        let statement = try context.connection.statement(
            """
            SELECT tbl, row, grp, replica, sequence, effect FROM gemba_deferred
            ORDER BY tbl, row, grp, replica, sequence
            """)
        var effects: [(key: DeferredKey, effect: [UInt8])] = []
        try statement.forEach { row in
            let named = try dot(LocalDot(replica: row.int(3), sequence: row.unsigned(4)))
            effects.append(
                (.init(table: row.int(0), row: try row.fixed(1), group: row.int(2), dot: named), row.bytes(5)))
        }
        for (key, effect) in effects.sorted(by: { $0.key < $1.key }) {
            var section = section(.deferred, items: 6)
            section.unsigned(UInt64(key.table))
            section.fixed(key.row)
            section.unsigned(UInt64(key.group))
            CheckpointRow.encode(key.dot, into: &section)
            section.raw(effect)
            try writer.add(section)
        }
    }

    private struct DeferredKey: Comparable {
        var table: Int64
        var row: RowID
        var group: Int64
        var dot: LocalDot

        static func < (left: Self, right: Self) -> Bool {
            (left.table, left.row, left.group, left.dot) < (right.table, right.row, right.group, right.dot)
        }
    }

    // MARK: - What stays of the entries

    private mutating func addFolded(_ tip: LogTip, place: Int) throws {
        var block = FoldedBlock(first: 0, entries: [])
        let named = named[place]
        let isNoted = { (sequence: SequenceNumber) in named.contains(Int(sequence)) }
        try context.log.forEachFolded(of: tip, isNoted: isNoted) { entry in
            block.entries.append(entry)
            if block.entries.count == Limits.foldedEntries {
                try add(block, place: place)
                block = FoldedBlock(first: block.last + 1, entries: [])
            }
        }
        if !block.entries.isEmpty { try add(block, place: place) }
    }

    private mutating func add(_ block: FoldedBlock, place: Int) throws {
        var section = section(.folded, items: 2)
        section.unsigned(UInt64(place))
        block.encode(into: &section)
        try writer.add(section)
    }

    private mutating func addKnowledge(of tip: LogTip, place: UInt64) throws {
        var steps: [KnowledgeStep] = []
        try context.history.forEachStep(of: tip.number) { peer, sequence, upTo in
            guard let peer = places[peer] else { return }
            steps.append(KnowledgeStep(author: place, peer: UInt64(peer), sequence: sequence, upTo: upTo))
        }
        steps.sort { ($0.peer, $0.sequence) < ($1.peer, $1.sequence) }
        for start in stride(from: 0, to: steps.count, by: Limits.foldedEntries) {
            let part = steps[start..<min(start + Limits.foldedEntries, steps.count)]
            var section = section(.knowledge, items: part.count)
            for step in part { step.encode(into: &section) }
            try writer.add(section)
        }
    }
}

/// A set of small numbers, one bit for each that may be in it.
struct BitSet {
    private var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: count / 64 + 1) }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }

    func contains(_ number: Int) -> Bool { words[number / 64] & 1 << UInt64(number % 64) != 0 }
}
