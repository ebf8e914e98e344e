import GembaCRDT
import GembaCausality
import GembaWire

/// One row of a checkpoint: its merge state, in which dots name logs by their places in the checkpoint's list.
///
/// Most rows were written by one change, so that the row names that change once, and what else there is stands behind:
///
/// ```
/// row     = [id, flags, log, sequence, settled, presence, others, ? drops]
/// settled = [* [group, + value]]                 ; groups that the change at (log, sequence) settled
/// ```
///
/// The encoding is a function of the state alone, so that members at one cut make the same bytes.
enum CheckpointRow {
    static let insertedFlag: UInt64 = 1
    static let factsFlag: UInt64 = 2
    static let dropsFlag: UInt64 = 4
    /// How many elements a row has that was never dropped.
    static let fields = 7

    // MARK: - Encoding

    static func encode(_ row: RowID, _ state: RowState<[Value]>, into encoder: inout CBOREncoder) {
        let (base, family) = state.principalDot()
        var settled: [(GroupID, [Value])] = []
        var others: [(GroupKey, GroupState<[Value]>)] = []
        for (key, group) in state.groups.sorted(by: { $0.key < $1.key }) {
            if key.family == family, case .writes(let writes) = group, writes.writes.count == 1,
                writes.writes[0].name == base
            {
                settled.append((key.group, writes.writes[0].payload))
            } else {
                others.append((key, group))
            }
        }
        encoder.array(count: state.drops.isEmpty ? fields : fields + 1)
        encoder.fixed(row)
        encoder.unsigned(
            (state.wasInserted ? insertedFlag : 0) | (family == .fact ? factsFlag : 0)
                | (state.drops.isEmpty ? 0 : dropsFlag))
        encode(base, into: &encoder)
        encoder.array(count: settled.count)
        for (group, values) in settled {
            encoder.array(count: 1 + values.count)
            encoder.unsigned(UInt64(group.rawValue))
            for value in values { value.encode(into: &encoder) }
        }
        encode(state.presence, base: base, into: &encoder)
        encoder.array(count: others.count)
        for (key, group) in others {
            encoder.array(count: 3)
            encoder.unsigned(UInt64(key.group.rawValue))
            encoder.unsigned(UInt64(key.family.rawValue))
            group.encodeForCheckpoint(into: &encoder)
        }
        if state.drops.isEmpty { return }
        encoder.array(count: 2 * state.drops.count)
        for drop in state.drops { encode(drop, into: &encoder) }
    }

    /// The presence of a row that is alive by its common dot alone is left out.
    private static func encode(
        _ presence: DotFunction<LocalDot, PresenceMark>, base: LocalDot, into encoder: inout CBOREncoder
    ) {
        let writes = presence.writes
        if writes.count == 1, writes[0].name == base, writes[0].payload == .alive {
            encoder.array(count: 0)
            return
        }
        encoder.array(count: writes.count)
        for write in writes {
            encoder.array(count: 3)
            encode(write.name, into: &encoder)
            encoder.unsigned(UInt64(write.payload.rawValue))
        }
    }

    static func encode(_ dot: LocalDot, into encoder: inout CBOREncoder) {
        encoder.unsigned(UInt64(dot.replica))
        encoder.unsigned(dot.sequence)
    }

    // MARK: - Decoding

    static func decode(
        from decoder: inout CBORDecoder, numbers: CheckpointNumbers
    ) throws -> (row: RowID, state: RowState<[Value]>) {
        let count = try decoder.array()
        let row: RowID = try decoder.fixed()
        let flags = try decoder.unsigned()
        guard count == (flags & dropsFlag == 0 ? fields : fields + 1) else {
            throw decoder.failure(.invalid("a row has another number of elements"))
        }
        let base = try numbers.dot(from: &decoder)
        let family: MergeFamily = flags & factsFlag == 0 ? .register : .fact
        var state = RowState<[Value]>()
        state.wasInserted = flags & insertedFlag != 0
        for _ in 0..<(try decoder.array()) {
            let count = try decoder.array()
            guard count > 0 else { throw decoder.failure(.invalid("a group has no number")) }
            let group = GroupID(rawValue: UInt32(clamping: try decoder.unsigned()))
            let values = try decoder.values(count: count - 1)
            state.groups[GroupKey(group: group, family: family)] = .writes(.init(name: base, payload: values))
        }
        state.presence = try presence(from: &decoder, base: base, numbers: numbers)
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 3)
            let group = GroupID(rawValue: UInt32(clamping: try decoder.unsigned()))
            guard let family = MergeFamily(rawValue: UInt8(clamping: try decoder.unsigned())) else {
                throw StoreError(
                    .unsupportedDatabase, "A checkpoint holds merge states of a later version; update the program.")
            }
            state.groups[GroupKey(group: group, family: family)] =
                try GroupState(checkpoint: &decoder, family: family, numbers: numbers)
        }
        guard flags & dropsFlag != 0 else { return (row, state) }
        for _ in 0..<(try decoder.array()) / 2 { state.drops.append(try numbers.dot(from: &decoder)) }
        state.drops.sort()
        return (row, state)
    }

    private static func presence(
        from decoder: inout CBORDecoder, base: LocalDot, numbers: CheckpointNumbers
    ) throws -> DotFunction<LocalDot, PresenceMark> {
        let count = try decoder.array()
        if count == 0 { return .init(name: base, payload: .alive) }
        var writes: [DotFunction<LocalDot, PresenceMark>.Write] = []
        for _ in 0..<count {
            try decoder.array(count: 3)
            let name = try numbers.dot(from: &decoder)
            guard let mark = PresenceMark(rawValue: UInt8(clamping: try decoder.unsigned())) else {
                throw decoder.failure(.outOfRange)
            }
            writes.append(.init(name: name, payload: mark))
        }
        return .init(writes: writes)
    }
}

/// Translates the places of logs in a checkpoint's list into the numbers of this database.
struct CheckpointNumbers {
    /// The database's numbers, by place, and the last entry of each that the checkpoint covers.
    var logs: [(number: Int64, last: SequenceNumber)] = []

    func dot(from decoder: inout CBORDecoder) throws(WireError) -> LocalDot {
        let place = try decoder.unsigned()
        let sequence = try decoder.unsigned()
        guard place < UInt64(logs.count), sequence <= logs[Int(place)].last else {
            throw decoder.failure(.invalid("a dot beyond the cut"))
        }
        return LocalDot(replica: logs[Int(place)].number, sequence: sequence)
    }
}
