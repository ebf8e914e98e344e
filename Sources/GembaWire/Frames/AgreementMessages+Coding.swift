internal import GembaCausality

extension CompareMessage: MessageCodable {
    var fieldCount: Int { 5 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(number)
        encoder.fixed(basis.data)
        encoder.fixed(basis.roster)
        if let epoch = basis.epoch { encoder.fixed(epoch) } else { encoder.null() }
        encoder.array(count: 2)
        switch subject {
        case .ranges(let ranges):
            encoder.unsigned(0)
            encoder.list(ranges)
        case .rows(let rows):
            encoder.unsigned(1)
            encoder.list(rows)
        }
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 5)
        let number = try decoder.unsigned()
        let basis = AgreementBasis(
            data: try decoder.fixed(), roster: try decoder.fixed(),
            epoch: try decoder.optional { (decoder) throws(WireError) in try decoder.fixed(EpochID.self) })
        try decoder.array(count: 2)
        let subject: Subject
        switch try decoder.unsigned() {
        case 0:
            let ranges = try decoder.nonEmptyList(of: FingerprintedRange.init(from:))
            try decoder.check(ranges.map(\.range), atMost: Limits.comparedRanges)
            subject = .ranges(ranges)
        case 1:
            let rows = try decoder.nonEmptyList(of: RowKey.init(from:))
            try decoder.check(rows, atMost: Limits.comparedRows)
            subject = .rows(rows)
        default: throw decoder.failure(.outOfRange)
        }
        self.init(number: number, basis: basis, subject: subject)
    }
}

extension StatementMessage: MessageCodable {
    var fieldCount: Int { 2 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(number)
        guard let content else { return encoder.null() }
        encoder.array(count: 2)
        switch content {
        case .ranges(let ranges):
            encoder.unsigned(0)
            encoder.list(ranges)
        case .rows(let rows):
            encoder.unsigned(1)
            encoder.list(rows)
        }
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 2)
        let number = try decoder.unsigned()
        self.init(
            number: number,
            content: try decoder.optional { (decoder) throws(WireError) in try Content(from: &decoder) })
    }
}

extension StatementMessage.Content {
    fileprivate init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        switch try decoder.unsigned() {
        case 0:
            let ranges = try decoder.list(of: StatedRange.init(from:))
            try decoder.check(ranges.map(\.range), atMost: Limits.comparedRanges)
            self = .ranges(ranges)
        case 1:
            let rows = try decoder.nonEmptyList(of: StatedRow.init(from:))
            try decoder.check(rows.map(\.key), atMost: Limits.comparedRows)
            self = .rows(rows)
        default: throw decoder.failure(.outOfRange)
        }
    }
}

// MARK: - Parts

extension RowRange: WireCodable {
    /// Appends the digits, one to a byte.
    public func encode(into encoder: inout CBOREncoder) { encoder.byteString(digits) }

    /// Reads the digits.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        guard let range = RowRange(digits: try decoder.byteString()) else { throw decoder.failure(.outOfRange) }
        self = range
    }
}

extension RowKey: WireCodable {
    /// Appends `[table, row]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        encoder.unsigned(UInt64(table.rawValue))
        encoder.fixed(row)
    }

    /// Reads a key.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(table: try decoder.table(), row: try decoder.fixed())
    }
}

extension FingerprintedRange: WireCodable {
    /// Appends `[digits, fingerprint]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        range.encode(into: &encoder)
        encoder.fixed(fingerprint)
    }

    /// Reads a range.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(range: try RowRange(from: &decoder), fingerprint: try decoder.fixed())
    }
}

extension StatedRange: WireCodable {
    /// Appends `[digits, kind, elements]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        range.encode(into: &encoder)
        switch statement {
        case .children(let children):
            encoder.unsigned(0)
            encoder.array(count: children.count)
            for child in children { encoder.fixed(child) }
        case .rows(let rows):
            encoder.unsigned(1)
            encoder.list(rows)
        }
    }

    /// Reads a range.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        let range = try RowRange(from: &decoder)
        switch try decoder.unsigned() {
        case 0:
            guard range.count < RowRange.greatestCount else {
                throw decoder.failure(.invalid("a range of one place has no ranges within"))
            }
            let children = try decoder.list { (decoder) throws(WireError) in try decoder.fixed(RowFingerprint.self) }
            guard children.count == 16 else { throw decoder.failure(.invalid("a range consists of sixteen")) }
            self.init(range: range, statement: .children(children))
        case 1:
            let rows = try decoder.list(of: RangeStatement.Row.init(from:))
            try decoder.check(rows.map(\.key), atMost: Limits.rangeRows)
            guard rows.allSatisfy({ range.places.contains($0.key.place) }) else {
                throw decoder.failure(.invalid("a row stands in another range"))
            }
            self.init(range: range, statement: .rows(rows))
        default: throw decoder.failure(.outOfRange)
        }
    }
}

extension RangeStatement.Row: WireCodable {
    /// Appends `[table, row, fingerprint / null]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.unsigned(UInt64(key.table.rawValue))
        encoder.fixed(key.row)
        if let fingerprint { encoder.fixed(fingerprint) } else { encoder.null() }
    }

    /// Reads a row.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(
            key: RowKey(table: try decoder.table(), row: try decoder.fixed()),
            fingerprint: try decoder.optional { (decoder) throws(WireError) in try decoder.fixed(RowFingerprint.self) })
    }
}

extension StatedRow: WireCodable {
    /// Appends `[table, row, state]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.unsigned(UInt64(key.table.rawValue))
        encoder.fixed(key.row)
        encoder.byteString(state)
    }

    /// Reads a row.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(
            key: RowKey(table: try decoder.table(), row: try decoder.fixed()), state: Array(try decoder.byteString()))
        guard state.count <= Limits.comparedStateBytes else { throw decoder.failure(.tooLong) }
    }
}

extension CBORDecoder {
    fileprivate mutating func table() throws(WireError) -> TableID {
        guard let number = UInt32(exactly: try unsigned()) else { throw failure(.outOfRange) }
        return TableID(rawValue: number)
    }

    /// Checks that a list is sorted, without repetition, and not too long.
    fileprivate func check(_ elements: [some Comparable], atMost count: Int) throws(WireError) {
        guard elements.count <= count else { throw failure(.tooLong) }
        guard zip(elements, elements.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw failure(.invalid("a list is not sorted, or names something twice"))
        }
    }
}
