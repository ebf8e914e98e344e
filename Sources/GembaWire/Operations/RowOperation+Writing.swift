public import GembaCausality

/// An insertion of registers or facts, written piece by piece: what a ``RowOperation`` says, without a structure for each
/// group. Many rows are written by one change, and most of them this way.
extension CBORWriter {
    /// The most bytes that ``beginInsertion(of:into:writes:)`` takes.
    public static let greatestInsertionHead = 5 * greatestHead + 17

    /// Begins the insertion of a row; its writes follow, sorted by group: what
    /// ``CBOREncoder/firstWrite(to:isFact:values:)`` returns, and the values.
    ///
    /// - Parameter count: how many writes follow.
    public mutating func beginInsertion(of row: RowID, into table: TableID, writes count: Int) {
        array(count: 5)
        unsigned(UInt64(table.rawValue))
        fixed(row)
        unsigned(UInt64(RowOperation.Verb.insert.rawValue))
        array(count: 0)
        array(count: count)
    }
}

extension CBOREncoder {
    /// The beginning of the first write to a group, which is a fact or a register; its values follow.
    ///
    /// - Parameter count: how many values follow.
    public static func firstWrite(to group: GroupID, isFact: Bool, values count: Int) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: count + (isFact ? 2 : 3))
        encoder.unsigned(UInt64(group.rawValue))
        encoder.unsigned((isFact ? EffectKind.fact : .register).rawValue)
        if !isFact { encoder.array(count: 0) }
        return encoder.bytes
    }
}

/// An edit of registers whose earlier writes are all by the change's own author, written without references to other logs:
/// what a ``RowOperation`` says, piece by piece.
extension CBORWriter {
    /// The most bytes that an edit takes, beside its values.
    ///
    /// - Parameters:
    ///   - saw: how many of the author's changes it names.
    ///   - count: how many writes it has.
    public static func greatestOwnEdit(saw: Int, writes count: Int) -> Int {
        (5 + 2 * saw + 6 * count) * greatestHead + 17
    }

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
