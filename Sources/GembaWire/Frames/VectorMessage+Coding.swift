internal import GembaCausality

extension VectorMessage: MessageCodable {
    var fieldCount: Int { 3 }

    func encodeFields(into encoder: inout CBOREncoder) {
        precondition(!parts.isEmpty, "a vector message without parts")
        kind.encode(into: &encoder)
        encoder.unsigned(round)
        encoder.list(parts)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 3)
        self.init(
            kind: try LogKind(from: &decoder), round: try decoder.unsigned(),
            parts: try decoder.nonEmptyList(of: PrefixedPart.init(from:)))
    }
}

extension VectorMessage.PrefixedPart: WireCodable {
    /// Hexadecimal digits of a replica id.
    private static let digits = 2 * ReplicaID.byteCount

    /// Appends `[prefix, part]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(prefix.count <= Self.digits && prefix.allSatisfy { $0 < 16 }, "\(prefix) is no prefix of an id")
        encoder.array(count: 2)
        encoder.byteString(prefix)
        part.encode(into: &encoder)
    }

    /// Reads a part with its prefix.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        let prefix = try decoder.byteString()
        guard prefix.count <= Self.digits, prefix.allSatisfy({ $0 < 16 }) else {
            throw decoder.failure(.invalid("a prefix is not made of the digits of an id"))
        }
        self.init(prefix: Array(prefix), part: try VectorMessage.Part(from: &decoder))
    }
}

extension VectorMessage.Part: WireCodable {
    /// The numbers of the kinds of part.
    fileprivate enum Kind: UInt64 {
        case entries = 0
        case digests = 1
        case difference = 2
        case children = 3
    }

    /// Subtrees of a node: one for each hexadecimal digit.
    static let fanOut = 16

    /// Appends `[kind, content]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        switch self {
        case .entries(let references):
            encoder.unsigned(Kind.entries.rawValue)
            encoder.references(references)
        case .digests(let digests):
            precondition(digests.count == Self.fanOut, "\(digests.count) digests instead of \(Self.fanOut)")
            encoder.unsigned(Kind.digests.rawValue)
            encoder.array(count: digests.count)
            for digest in digests { encoder.eightBytes(digest) }
        case .difference(let entries):
            precondition(entries.isStrictlyAscending(by: \.replica), "differing entries are not sorted by replica")
            encoder.unsigned(Kind.difference.rawValue)
            encoder.list(entries)
        case .children(let children):
            precondition(children.isStrictlyAscending(by: \.digit), "children are not sorted by digit")
            encoder.unsigned(Kind.children.rawValue)
            encoder.list(children)
        }
    }

    /// Reads a part.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        guard let kind = Kind(rawValue: try decoder.unsigned()) else {
            throw decoder.failure(.invalid("the kind of vector part is unknown"))
        }
        switch kind {
        case .entries:
            self = .entries(try decoder.references())
        case .digests:
            self = .digests(try decoder.list { (decoder) throws(WireError) in try decoder.eightBytes() })
        case .difference:
            self = .difference(try decoder.list(of: VectorMessage.DifferingEntry.init(from:)))
        case .children:
            self = .children(try decoder.list(of: VectorMessage.Child.init(from:)))
        }
        try validate(at: decoder)
    }

    private func validate(at decoder: CBORDecoder) throws(WireError) {
        let isInForm =
            switch self {
            case .entries: true
            case .digests(let digests): digests.count == Self.fanOut
            case .difference(let entries): entries.isStrictlyAscending(by: \.replica)
            case .children(let children): children.isStrictlyAscending(by: \.digit)
            }
        guard isInForm else { throw decoder.failure(.invalid("a vector part is incomplete or not sorted")) }
    }
}

extension VectorMessage.DifferingEntry: WireCodable {
    /// Appends `[replica, sequence, prefix]`, or `[replica, null]` for one of which nothing is held.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: tip == nil ? 2 : 3)
        encoder.fixed(replica)
        if let tip {
            encoder.unsigned(tip.sequence)
            encoder.fixed(tip.prefix)
        } else {
            encoder.null()
        }
    }

    /// Reads a differing entry.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        let count = try decoder.array()
        replica = try decoder.fixed()
        switch count {
        case 2:
            try decoder.null()
            tip = nil
        case 3:
            tip = VectorMessage.Tip(sequence: try decoder.unsigned(), prefix: try decoder.fixed())
        default:
            throw decoder.failure(.invalid("an array has another number of items"))
        }
    }
}

extension VectorMessage.Child: WireCodable {
    /// Appends `[digit, part]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(digit < VectorMessage.Part.fanOut, "\(digit) is no hexadecimal digit")
        precondition(part.isLevel, "a child is sent as entries or digests")
        encoder.array(count: 2)
        encoder.unsigned(UInt64(digit))
        part.encode(into: &encoder)
    }

    /// Reads a child.
    ///
    /// A child is never itself a list of children, so that an answer goes down the tree by one level and its nesting
    /// is bounded.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        digit = UInt8(clamping: try decoder.unsigned())
        guard digit < VectorMessage.Part.fanOut else { throw decoder.failure(.outOfRange) }
        var ahead = decoder
        try ahead.array(count: 2)
        guard try ahead.unsigned() <= VectorMessage.Part.Kind.digests.rawValue else {
            throw decoder.failure(.invalid("a child is neither entries nor digests"))
        }
        part = try VectorMessage.Part(from: &decoder)
    }
}

extension VectorMessage.Part {
    /// Whether this part says what one side holds, rather than how two sides differ.
    fileprivate var isLevel: Bool {
        switch self {
        case .entries, .digests: true
        case .difference, .children: false
        }
    }
}
