import GembaCRDT
import GembaCausality
import GembaWire

/// The merge state of an ordinary row: alive and never deleted apart, and every register settled by one write whose
/// values stand in the row's columns.
///
/// Nearly all edits lead from one such state to another. ``RowMetadata`` reads and writes the same format for every state;
/// this type does it without allocating. It keeps its buffers from row to row.
struct SettledRow {
    private(set) var isInserted = false
    /// Sorted by dot.
    private(set) var presence: [LocalDot] = []
    /// Sorted by group.
    private(set) var writes: [(group: GroupID, dot: LocalDot)] = []

    // MARK: - Changing

    /// The write that stands in a group.
    func dot(of group: GroupID) -> LocalDot? {
        index(of: group).map { writes[$0].dot }
    }

    /// Puts a write in the place of the one in a group, or where there is none.
    mutating func write(_ group: GroupID, as dot: LocalDot) {
        if let index = index(of: group) {
            writes[index].dot = dot
        } else {
            let place = writes.firstIndex { $0.group > group } ?? writes.endIndex
            writes.insert((group, dot), at: place)
        }
    }

    private func index(of group: GroupID) -> Int? {
        // Groups are mostly numbered from 1 on.
        let guess = Int(group.rawValue) - 1
        if writes.indices.contains(guess), writes[guess].group == group { return guess }
        return writes.firstIndex { $0.group == group }
    }

    /// Notes that the row lives, in place of the presence writes that `replaces` accepts.
    mutating func live(as dot: LocalDot, replacing replaces: (LocalDot) -> Bool) {
        presence.removeAll { replaces($0) || $0 == dot }
        let place = presence.firstIndex { $0 > dot } ?? presence.endIndex
        presence.insert(dot, at: place)
    }

    // MARK: - Stored form

    /// Reads metadata into this; returns false when it is of another state.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        presence.removeAll(keepingCapacity: true)
        writes.removeAll(keepingCapacity: true)
        var reader = ByteReader(bytes)
        guard try reader.byte() == RowMetadata.version else { throw ByteReader.malformed }
        let flags = try reader.byte()
        guard flags & ~RowMetadata.insertedFlag == 0 else { return false }
        isInserted = flags != 0
        let base = try reader.dot()
        for _ in 0..<(try reader.number()) {
            let first = try reader.number()
            for offset in 0..<(try reader.number()) {
                writes.append((GroupID(rawValue: UInt32(truncatingIfNeeded: first + offset)), base))
            }
        }
        let presenceCount = try reader.number()
        if presenceCount == 0 { presence.append(base) }
        for _ in 0..<presenceCount {
            let dot = try reader.dot()
            guard try reader.byte() == PresenceMark.alive.rawValue else { return false }
            presence.append(dot)
        }
        for _ in 0..<(try reader.number()) {
            let group = GroupID(rawValue: UInt32(truncatingIfNeeded: try reader.number()))
            let (family, outside, count) = (try reader.byte(), try reader.byte(), try reader.number())
            guard family == MergeFamily.register.rawValue, outside == 0, count == 1 else { return false }
            write(group, as: try reader.dot())
        }
        return reader.isAtEnd
    }

    /// Appends the metadata that ``RowMetadata/encoded()`` makes of the same state.
    func write(to writer: inout ByteWriter) {
        let base = commonDot()
        writer.byte(RowMetadata.version)
        writer.byte(isInserted ? RowMetadata.insertedFlag : 0)
        writer.dot(base)
        writer.ranges(writes.lazy.filter { $0.dot == base }.map { $0.group })
        if presence.count == 1, presence[0] == base {
            writer.byte(0)
        } else {
            writer.number(UInt64(presence.count))
            for dot in presence {
                writer.dot(dot)
                writer.byte(PresenceMark.alive.rawValue)
            }
        }
        writer.number(UInt64(writes.count { $0.dot != base }))
        for write in writes where write.dot != base {
            writer.number(UInt64(write.group.rawValue))
            writer.byte(MergeFamily.register.rawValue)
            writer.byte(0)
            writer.number(1)
            writer.dot(write.dot)
        }
    }

    /// The dot that settles most groups, the smaller of equals; without any, a presence dot.
    private func commonDot() -> LocalDot {
        var best: (dot: LocalDot, count: Int)?
        for (index, write) in writes.enumerated() {
            // Counted where it stands first.
            if writes[..<index].contains(where: { $0.dot == write.dot }) { continue }
            let count = writes[index...].count { $0.dot == write.dot }
            if count > writes.count / 2 { return write.dot }
            if let known = best, (known.count, write.dot) > (count, known.dot) || known.count > count { continue }
            best = (write.dot, count)
        }
        return best?.dot ?? presence.first ?? LocalDot(replica: 0, sequence: 0)
    }
}
