import GembaWire

/// The metadata of rows that one insert made. A change that inserts many rows writes the same for most of them, so the last
/// one is remembered.
struct FreshMetadata {
    private var last: (dot: LocalDot, family: MergeFamily, groups: [GroupID], bytes: [UInt8])?

    mutating func bytes(by dot: LocalDot, groups: some Collection<GroupID>, family: MergeFamily) -> [UInt8] {
        if let last, last.dot == dot, last.family == family, groups.elementsEqual(last.groups) { return last.bytes }
        let bytes = RowMetadata.fresh(by: dot, groups: groups, family: family)
        last = (dot, family, Array(groups), bytes)
        return bytes
    }
}
