import GembaCRDT
import GembaCausality
import GembaWire

/// What the `gemba_meta` column of a row holds: its merge state without the values of registers.
///
/// A fresh row takes about ten bytes: one dot for all its groups. Rows that were edited list only the groups whose dots
/// differ. The encoding is a pure function of the state, so that a projection rebuilt from the log compares equal byte
/// for byte:
///
/// ```
/// metadata  = version flags dot ranges presence exceptions drops?
///                                               ; flags: 1 inserted, 2 the ranges are of facts, 4 drops are there
/// ranges    = count (first length)*                             ; groups settled by the dot above, stored in columns
/// presence  = count (dot mark)*                                 ; count 0: alive by the dot above
/// exceptions = count (group family outside state)*
/// drops     = count dot*
/// dot       = replica sequence
/// ```
///
/// All numbers are LEB128. The format is local to a database file.
struct RowMetadata: Hashable, Sendable {
    var state: RowState<Nothing>
    /// Registers and facts whose values stand in `gemba_sibling` and not in the row's columns.
    var outside: Set<GroupKey>

    init(state: RowState<Nothing>, outside: Set<GroupKey> = []) {
        self.state = state
        self.outside = outside
    }

    static let version: UInt8 = 1
    static let insertedFlag: UInt8 = 1
    private static let factsFlag: UInt8 = 2
    private static let dropsFlag: UInt8 = 4

    /// The metadata of a row that one insert made, with all values in columns.
    ///
    /// - Parameter ranges: the groups that were written, as `ranges` has them.
    static func fresh(by dot: LocalDot, ranges: [UInt8], family: MergeFamily) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(version)
        writer.byte(insertedFlag | (family == .fact ? factsFlag : 0))
        writer.dot(dot)
        writer.raw(ranges)
        writer.byte(0)
        writer.byte(0)
        return writer.bytes
    }

    // MARK: Encoding

    func encoded() -> [UInt8] {
        let (base, family) = state.principalDot(excluding: outside)
        var common: [GroupID] = []
        var exceptions: [(key: GroupKey, state: GroupState<Nothing>)] = []
        for (key, group) in state.groups.sorted(by: { $0.key < $1.key }) {
            if key.family == family, !outside.contains(key), case .writes(let writes) = group, writes.names == [base] {
                common.append(key.group)
            } else {
                exceptions.append((key, group))
            }
        }
        var writer = ByteWriter()
        writer.byte(Self.version)
        writer.byte(
            (state.wasInserted ? Self.insertedFlag : 0) | (family == .fact ? Self.factsFlag : 0)
                | (state.drops.isEmpty ? 0 : Self.dropsFlag))
        writer.dot(base)
        writer.ranges(common)
        let presence = state.presence.writes
        if presence.count == 1, presence[0].name == base, presence[0].payload == .alive {
            writer.byte(0)
        } else {
            writer.number(UInt64(presence.count))
            for write in presence {
                writer.dot(write.name)
                writer.byte(write.payload.rawValue)
            }
        }
        writer.number(UInt64(exceptions.count))
        for (key, group) in exceptions {
            writer.number(UInt64(key.group.rawValue))
            writer.byte(key.family.rawValue)
            writer.byte(outside.contains(key) ? 1 : 0)
            writer.group(group)
        }
        if !state.drops.isEmpty { writer.dots(state.drops) }
        return writer.bytes
    }

    // MARK: Decoding

    /// Whether encoded metadata lists groups one by one: those whose state is not a write in columns by the common dot.
    static func listsGroups(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw ByteReader.malformed }
        _ = try reader.byte()
        _ = try reader.dot()
        for _ in 0..<(try reader.number()) {
            _ = try reader.number()
            _ = try reader.number()
        }
        for _ in 0..<(try reader.number()) {
            _ = try reader.dot()
            _ = try reader.byte()
        }
        return try reader.number() > 0
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == Self.version else { throw ByteReader.malformed }
        let flags = try reader.byte()
        let base = try reader.dot()
        let family: MergeFamily = flags & Self.factsFlag == 0 ? .register : .fact
        var state = RowState<Nothing>()
        state.wasInserted = flags & Self.insertedFlag != 0
        for _ in 0..<(try reader.number()) {
            let first = try reader.number()
            let count = try reader.number()
            state.groups.reserveCapacity(state.groups.count + Int(min(count, 64)))
            for offset in 0..<count {
                let group = GroupID(rawValue: UInt32(truncatingIfNeeded: first + offset))
                state.groups[GroupKey(group: group, family: family)] = .writes(.init(name: base, payload: Nothing()))
            }
        }
        let presenceCount = try reader.number()
        if presenceCount == 0 {
            state.presence = .init(name: base, payload: .alive)
        } else {
            var writes: [DotFunction<LocalDot, PresenceMark>.Write] = []
            for _ in 0..<presenceCount {
                let dot = try reader.dot()
                guard let mark = PresenceMark(rawValue: try reader.byte()) else { throw ByteReader.malformed }
                writes.append(.init(name: dot, payload: mark))
            }
            state.presence = .init(writes: writes)
        }
        var outside: Set<GroupKey> = []
        for _ in 0..<(try reader.number()) {
            let group = GroupID(rawValue: UInt32(truncatingIfNeeded: try reader.number()))
            guard let family = MergeFamily(rawValue: try reader.byte()) else { throw ByteReader.malformed }
            let key = GroupKey(group: group, family: family)
            if try reader.byte() == 1 { outside.insert(key) }
            state.groups[key] = try reader.group(family)
        }
        if flags & Self.dropsFlag != 0 { state.drops = try reader.dots() }
        guard reader.isAtEnd else { throw ByteReader.malformed }
        self.init(state: state, outside: outside)
    }
}
