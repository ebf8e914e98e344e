internal import GembaCausality

extension BackfillMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(round)
        encoder.unsigned(position)
        encoder.unsigned(maximumBytes)
        precondition(
            !ranges.isEmpty && ranges.count <= Limits.backfillRanges, "a question about \(ranges.count) ranges")
        encoder.list(ranges)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        self.init(
            round: try decoder.unsigned(), position: try decoder.unsigned(), maximumBytes: try decoder.unsigned(),
            ranges: [])
        guard (1...UInt64(Limits.batchBytes)).contains(maximumBytes) else { throw decoder.failure(.outOfRange) }
        ranges = try decoder.nonEmptyList(of: BackfillRange.init(from:))
        guard ranges.count <= Limits.backfillRanges else { throw decoder.failure(.tooLong) }
        for (range, next) in zip(ranges, ranges.dropFirst()) {
            guard (range.last.replica, range.last.sequence) < (next.last.replica, next.first) else {
                throw decoder.failure(.invalid("ranges are not sorted by log and number"))
            }
        }
    }
}

extension BackfillRange: WireCodable {
    /// Appends `[log, first, last, prefix of the last]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(first > 0 && first <= last.sequence, "a range from \(first) to \(last.sequence)")
        encoder.array(count: 4)
        encoder.fixed(last.replica)
        encoder.unsigned(first)
        encoder.unsigned(last.sequence)
        encoder.fixed(last.prefix)
    }

    /// Reads a range.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        let (replica, first) = (try decoder.fixed(ReplicaID.self), try decoder.unsigned())
        self.init(
            first: first,
            last: ChangeReference(replica: replica, sequence: try decoder.unsigned(), prefix: try decoder.fixed()))
        guard first > 0, first <= last.sequence else { throw decoder.failure(.outOfRange) }
    }
}

extension BodiesMessage: MessageCodable {
    var fieldCount: Int { 5 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(round)
        encoder.unsigned(after)
        encoder.unsigned(position)
        encoder.flag(isLast)
        encoder.list(runs)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 5)
        self.init(
            round: try decoder.unsigned(), after: try decoder.unsigned(), position: try decoder.unsigned(),
            isLast: try decoder.flag(), runs: [])
        guard isLast || position > after else {
            throw decoder.failure(.invalid("an answer that is not the last one leads no further"))
        }
        runs = try decoder.list(of: Run.init(from:))
    }
}

extension BodiesMessage.Run: WireCodable {
    /// Appends `[hash of the entry before / null, packed run]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        if let start { encoder.fixed(start) } else { encoder.null() }
        packed.encode(into: &encoder)
    }

    /// Reads a run.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        let start = try decoder.optional { (decoder) throws(WireError) in try decoder.fixed(ChangeHash.self) }
        self.init(start: start, packed: try PackedRun(from: &decoder))
    }
}
