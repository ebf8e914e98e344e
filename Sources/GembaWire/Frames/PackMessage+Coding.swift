internal import GembaCausality

extension PackMessage: MessageCodable {
    var fieldCount: Int { 3 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(round)
        encoder.unsigned(offset)
        precondition(!runs.isEmpty, "a pack without runs")
        encoder.list(runs)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 3)
        self.init(
            round: try decoder.unsigned(), offset: try decoder.unsigned(),
            runs: try decoder.nonEmptyList(of: PackedRun.init(from:)))
    }
}

extension PackedRun: WireCodable {
    /// The elements that are always there.
    private static let leastFields = 5

    /// Appends `[log, first, previous, bodies, signature, lengths, forms, deps]` without the empty ones at its end.
    public func encode(into encoder: inout CBOREncoder) {
        precondition((previous == nil) == (first == 0), "a run from \(first): only a genesis follows nothing")
        precondition(signature.count == SignedHead.signatureBytes, "a signature has \(signature.count) bytes")
        let optional = !deps.isEmpty ? 3 : !forms.isEmpty ? 2 : !lengths.isEmpty ? 1 : 0
        encoder.array(count: Self.leastFields + optional)
        log.encode(into: &encoder)
        encoder.unsigned(first)
        if let previous { encoder.fixed(previous) } else { encoder.byteString([]) }
        encoder.byteString(bodies)
        encoder.byteString(signature)
        if optional > 0 { encoder.byteString(lengths) }
        if optional > 1 { encode(forms, into: &encoder) }
        if optional > 2 { encode(deps, into: &encoder) }
    }

    /// Reads a packed run. What depends on the stream is left to ``unpacked(in:)``.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        let count = try decoder.array()
        guard count >= Self.leastFields, count <= Self.leastFields + 3 else {
            throw decoder.failure(.invalid("a packed run has another number of elements"))
        }
        let log = try PackedName(from: &decoder)
        let first = try decoder.unsigned()
        let previous = try decoder.byteString()
        guard previous.count == (first == 0 ? 0 : HashPrefix.byteCount) else {
            throw decoder.failure(.invalid("a run names what it follows exactly when it does not begin at 0"))
        }
        self.init(
            log: log, first: first, previous: HashPrefix(bytes: previous), bodies: Array(try decoder.byteString()),
            signature: Array(try decoder.byteString(count: SignedHead.signatureBytes)))
        let optional = count - Self.leastFields
        if optional > 0 { lengths = Array(try decoder.byteString()) }
        if optional > 1 { forms = try Self.forms(from: &decoder) }
        if optional > 2 { deps = try Self.deps(from: &decoder) }
        let endsEmpty = [false, lengths.isEmpty, forms.isEmpty, deps.isEmpty][optional]
        guard !endsEmpty else { throw decoder.failure(.notDeterministic) }
    }

    // MARK: - Forms

    private func encode(_ forms: [Form], into encoder: inout CBOREncoder) {
        encoder.array(count: max(0, 3 * forms.count - 1))
        for (index, form) in forms.enumerated() {
            if let epoch = form.epoch { epoch.encode(into: &encoder) } else { encoder.null() }
            encoder.unsigned(UInt64(form.coding.rawValue))
            precondition((form.count == nil) == (index == forms.count - 1), "the last form has what remains")
            if let count = form.count { encoder.unsigned(count) }
        }
    }

    private static func forms(from decoder: inout CBORDecoder) throws(WireError) -> [Form] {
        let count = try decoder.array()
        guard count == 0 || count % 3 == 2 else {
            throw decoder.failure(.invalid("forms have another number of elements"))
        }
        var forms: [Form] = []
        for index in 0..<(count + 1) / 3 {
            let epoch = try decoder.optional(PackedName.init(from:))
            guard let coding = BodyCoding(rawValue: UInt8(clamping: try decoder.unsigned())) else {
                throw decoder.failure(.invalid("the body's coding is unknown"))
            }
            let isLast = 3 * index + 2 == count
            forms.append(Form(epoch: epoch, coding: coding, count: isLast ? nil : try decoder.unsigned()))
        }
        return forms
    }

    // MARK: - Deps

    private func encode(_ deps: [Deps], into encoder: inout CBOREncoder) {
        encoder.array(count: 2 * deps.count)
        for entry in deps {
            encoder.unsigned(entry.place)
            encoder.list(entry.references)
        }
    }

    private static func deps(from decoder: inout CBORDecoder) throws(WireError) -> [Deps] {
        let count = try decoder.array()
        guard count.isMultiple(of: 2) else { throw decoder.failure(.invalid("a place without deps")) }
        var deps: [Deps] = []
        for _ in 0..<count / 2 {
            let place = try decoder.unsigned()
            guard deps.last.map({ $0.place < place }) ?? true else {
                throw decoder.failure(.invalid("deps are not sorted by place"))
            }
            deps.append(Deps(place: place, references: try decoder.nonEmptyList(of: Reference.init(from:))))
            guard deps[deps.count - 1].references.count <= Limits.deps else { throw decoder.failure(.tooLong) }
        }
        return deps
    }
}

extension PackedRun.Reference: WireCodable {
    /// Appends `[log, seq, prefix]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        log.encode(into: &encoder)
        encoder.unsigned(sequence)
        encoder.fixed(prefix)
    }

    /// Reads a reference.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(
            log: try PackedName(from: &decoder), sequence: try decoder.unsigned(), prefix: try decoder.fixed())
    }
}

extension PackedName: WireCodable {
    /// Appends the place, or the name as a byte string.
    public func encode(into encoder: inout CBOREncoder) {
        switch self {
        case .known(let place): encoder.unsigned(place)
        case .new(let name): encoder.fixed(ReplicaID(rawValue: name))
        }
    }

    /// Reads a name.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        if try decoder.nextType() == .unsigned {
            self = .known(try decoder.unsigned())
        } else {
            self = .new(try decoder.fixed(ReplicaID.self).rawValue)
        }
    }
}
