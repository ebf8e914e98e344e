/// A row of which there are two states where there should be one.
public struct RowDifference: Hashable, Sendable {
    /// Which row.
    public var key: RowKey
    /// The state here, as ``StatedRow/state``.
    public var ours: [UInt8]
    /// The state at a peer, or that which the logs make.
    public var other: [UInt8]

    /// Creates a difference from its parts.
    public init(key: RowKey, ours: [UInt8], other: [UInt8]) {
        self.key = key
        self.ours = ours
        self.other = other
    }

    /// The groups of which the states differ, sorted; empty when only the presence differs, or a state cannot be looked into.
    public var groups: [GroupID] {
        guard let mine = try? RowStateParts(decoding: ours), let other = try? RowStateParts(decoding: other) else {
            return []
        }
        let parts = Set(mine.groups.keys).union(other.groups.keys).filter { mine.groups[$0] != other.groups[$0] }
        return Set(parts.map(\.group)).sorted()
    }
}

/// The merge state of a row in canonical form, taken apart without looking into what it is made of.
struct RowStateParts {
    struct Name: Hashable {
        var group: GroupID
        var family: UInt64
    }

    /// The encoded state of each group.
    private(set) var groups: [Name: [UInt8]] = [:]

    init(decoding bytes: [UInt8]) throws(WireError) {
        // What is not there differs from everything.
        if bytes.isEmpty { return }
        var decoder = CBORDecoder(bytes)
        try decoder.array(count: 4)
        // Table, row and presence.
        for _ in 0..<3 { _ = try decoder.skipItem() }
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 3)
            let name = Name(
                group: GroupID(rawValue: UInt32(clamping: try decoder.unsigned())), family: try decoder.unsigned())
            groups[name] = Array(try decoder.skipItem())
        }
        try decoder.finish()
    }
}
