public import GembaCausality

/// The insertion of a row whose values stand side by side, as a table has them: what a ``RowOperation`` says, without a
/// structure for each group. Many rows are written by one change, and most of them this way.
public struct RowInsertion {
    /// The table of the row.
    public var table: TableID
    /// The row.
    public var row: RowID
    /// Whether the groups are facts; registers otherwise.
    public var isFact: Bool
    /// The groups of the table, sorted by number, each with the places of its values.
    public var groups: [(id: GroupID, places: Range<Int>)]
    /// The values. A group of which the first is nil is not written; one that is written has all of its values.
    public var values: [Value?]

    /// Creates an insertion from its parts.
    public init(
        table: TableID, row: RowID, isFact: Bool, groups: [(id: GroupID, places: Range<Int>)], values: [Value?]
    ) {
        self.table = table
        self.row = row
        self.isFact = isFact
        self.groups = groups
        self.values = values
    }

    /// Appends the encoding of the row operation that this is.
    ///
    /// - Parameter steps: gets what is written to each group, with the places of the values in what was encoded.
    public func encode(into encoder: inout CBOREncoder, steps: inout [OperationBatch.Step]) {
        let start = encoder.bytes.count
        encoder.write(atMost: greatestEncodedCount) { writer in
            let room = writer.free
            writer.array(count: 5)
            writer.unsigned(UInt64(table.rawValue))
            writer.fixed(row)
            writer.unsigned(UInt64(RowOperation.Verb.insert.rawValue))
            writer.array(count: 0)
            writer.array(count: groups.count { values[$0.places.lowerBound] != nil })
            for (group, places) in groups where values[places.lowerBound] != nil {
                writer.array(count: places.count + (isFact ? 2 : 3))
                writer.unsigned(UInt64(group.rawValue))
                writer.unsigned((isFact ? EffectKind.fact : .register).rawValue)
                if !isFact { writer.array(count: 0) }
                let write = OperationBatch.Write(
                    isFact: isFact, count: places.count, offset: start + room - writer.free, replaces: 0..<0)
                steps.append(OperationBatch.Step(group: group, content: .write(write)))
                for place in places {
                    guard let value = values[place] else { preconditionFailure("a group is written in part") }
                    value.write(to: &writer)
                }
            }
        }
    }

    /// The most bytes that the encoding takes: five heads and the row, four heads for each group, the values.
    private var greatestEncodedCount: Int {
        values.reduce((5 + 4 * groups.count) * CBORWriter.greatestHead + 17) { $0 + ($1?.greatestEncodedCount ?? 0) }
    }
}

/// An edit of registers whose earlier writes are all by the change's own author, encoded without references to other logs:
/// what a ``RowOperation`` says, piece by piece.
extension CBOREncoder {
    /// Begins an edit of a row; its writes follow, sorted by group.
    ///
    /// - Parameters:
    ///   - saw: the author's changes that wrote the presence which it held, in ascending order.
    ///   - count: how many writes follow.
    public mutating func beginOwnEdit(
        of row: RowID, in table: TableID, saw: [SequenceNumber], writes count: Int
    ) {
        array(count: 5)
        unsigned(UInt64(table.rawValue))
        fixed(row)
        unsigned(UInt64(RowOperation.Verb.edit.rawValue))
        array(count: 2 * saw.count)
        for sequence in saw { ownDot(sequence) }
        array(count: count)
    }

    /// Begins a write to a register; its values follow.
    ///
    /// - Parameters:
    ///   - replaced: the author's change that wrote it before, if any.
    ///   - count: how many values follow.
    public mutating func beginOwnWrite(to group: GroupID, replacing replaced: SequenceNumber?, values count: Int) {
        array(count: 3 + count)
        unsigned(UInt64(group.rawValue))
        unsigned(EffectKind.register.rawValue)
        array(count: replaced == nil ? 0 : 2)
        if let replaced { ownDot(replaced) }
    }

    private mutating func ownDot(_ sequence: SequenceNumber) {
        unsigned(DotIndex.own)
        unsigned(sequence)
    }
}
