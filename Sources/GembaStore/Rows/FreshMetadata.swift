import GembaWire

/// The metadata of rows that one insert made. Many of them have the same groups, and if one change inserted them the same
/// metadata, so what was made last is remembered.
struct FreshMetadata {
    /// The groups of the last row, and how metadata lists them.
    private var form: (family: MergeFamily, groups: [GroupID], ranges: [UInt8])?
    /// The metadata of the last row.
    private var last: (dot: LocalDot, bytes: [UInt8])?

    mutating func bytes(by dot: LocalDot, groups: some Collection<GroupID>, family: MergeFamily) -> [UInt8] {
        if let form, form.family == family, groups.elementsEqual(form.groups) {
            if let last, last.dot == dot { return last.bytes }
            return remember(dot, RowMetadata.fresh(by: dot, ranges: form.ranges, family: family))
        }
        var writer = ByteWriter()
        writer.ranges(groups)
        form = (family, Array(groups), writer.bytes)
        return remember(dot, RowMetadata.fresh(by: dot, ranges: writer.bytes, family: family))
    }

    private mutating func remember(_ dot: LocalDot, _ bytes: [UInt8]) -> [UInt8] {
        last = (dot, bytes)
        return bytes
    }
}
