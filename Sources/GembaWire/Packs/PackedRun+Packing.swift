internal import GembaCausality

extension PackedRun {
    /// Packs a run as the next one of a stream.
    ///
    /// - Throws: when an entry is none that a log can hold. The context is of no further use then.
    public init(packing run: Run, in context: inout PackingContext) throws(WireError) {
        self.init(
            log: context.shorten(run.replica), first: run.first, previous: run.previous, bodies: [],
            signature: run.signature)
        bodies.reserveCapacity(run.entryBytes)
        var counts: [(form: PackedForm, count: UInt64)] = []
        var sizes: [Int] = []
        for (place, encoded) in run.entries.enumerated() {
            let entry = try ClearEntry(encoded)
            if let last = counts.last, last.form == entry.form {
                counts[counts.count - 1].count += 1
            } else {
                counts.append((entry.form, 1))
            }
            sizes.append(entry.body.count)
            bodies.append(contentsOf: entry.nonce)
            bodies.append(contentsOf: entry.body)
            if entry.deps.isEmpty { continue }
            let references = entry.deps.map {
                Reference(log: context.shorten($0.replica), sequence: $0.sequence, prefix: $0.prefix)
            }
            deps.append(Deps(place: UInt64(place), references: references))
        }
        lengths = Self.lengths(of: sizes)
        if counts.count != 1 || counts[0].form != context.form {
            forms = counts.map { form, count in
                Form(epoch: form.epoch.map { context.shorten($0) }, coding: form.coding, count: count)
            }
            forms[forms.count - 1].count = nil
        }
        context.form = counts.last?.form ?? context.form
    }

    private static func lengths(of sizes: [Int]) -> [UInt8] {
        guard sizes.count > 1, let least = sizes.min() else { return [] }
        var lengths: [UInt8] = []
        lengths.reserveCapacity(sizes.count + 2)
        lengths.appendLEB128(UInt64(least))
        for size in sizes.dropLast() { lengths.appendLEB128(UInt64(size - least)) }
        return lengths
    }

    // MARK: - Unpacking

    /// How many entries there are, by what the lengths say.
    public var entryCount: Int { lengths.isEmpty ? 1 : lengths.count { $0 < 0x80 } }

    /// The run that was packed, as the next one of a stream.
    public func unpacked(in context: inout PackingContext) throws(WireError) -> Run {
        guard let replica = context.resolve(log, as: ReplicaID.self) else { throw Self.unknownName }
        let deps = try resolvedDeps(in: &context)
        let forms = try resolvedForms(in: &context)
        return Run(
            replica: replica, first: first, previous: previous, entries: try entries(forms: forms, deps: deps),
            signature: signature)
    }

    private func entries(
        forms: [(form: PackedForm, count: Int)], deps: [Int: [ChangeReference]]
    ) throws(WireError) -> [[UInt8]] {
        let sizes = try sizes(nonces: forms.reduce(0) { $0 + $1.form.nonceBytes * $1.count })
        var entries: [[UInt8]] = []
        entries.reserveCapacity(sizes.count)
        var start = 0
        for (form, count) in forms {
            for _ in 0..<count {
                let end = start + form.nonceBytes + sizes[entries.count]
                entries.append(
                    ClearEntry(form, bodies[start..<end], deps: deps[entries.count] ?? []).encoded())
                start = end
            }
        }
        return entries
    }

    /// The lengths of all bodies, which with the nonces are exactly as long as what came.
    private func sizes(nonces: Int) throws(WireError) -> [Int] {
        var rest = lengths[...]
        var sizes: [Int] = []
        var total = nonces
        if !rest.isEmpty {
            let least = try rest.popLEB128()
            while !rest.isEmpty {
                let (size, overflow) = least.addingReportingOverflow(try rest.popLEB128())
                guard !overflow, size <= UInt64(Limits.bodyBytes) else { throw WireError(.tooLong, offset: 0) }
                sizes.append(Int(size))
                total += Int(size)
            }
            guard !sizes.isEmpty else { throw WireError(.invalid("lengths of a single entry"), offset: 0) }
        }
        guard total <= bodies.count, bodies.count - total <= Limits.bodyBytes else {
            throw WireError(.invalid("bodies of another length than is said"), offset: 0)
        }
        return sizes + [bodies.count - total]
    }

    private func resolvedForms(
        in context: inout PackingContext
    ) throws(WireError) -> [(form: PackedForm, count: Int)] {
        var left = entryCount
        if forms.isEmpty { return [(context.form, left)] }
        var result: [(form: PackedForm, count: Int)] = []
        for form in forms {
            let epoch = try form.epoch.map { (name) throws(WireError) -> EpochID in
                guard let epoch = context.resolve(name, as: EpochID.self) else { throw Self.unknownName }
                return epoch
            }
            // Each count leaves something for the forms after it.
            let count = form.count.map { Int(clamping: $0) } ?? left
            guard count > 0, form.count == nil ? count == left : count < left else {
                throw WireError(.invalid("forms of another number of entries"), offset: 0)
            }
            context.form = PackedForm(epoch: epoch, coding: form.coding)
            result.append((context.form, count))
            left -= count
        }
        return result
    }

    private func resolvedDeps(in context: inout PackingContext) throws(WireError) -> [Int: [ChangeReference]] {
        var result: [Int: [ChangeReference]] = [:]
        for entry in deps {
            guard entry.place < UInt64(entryCount) else { throw WireError(.invalid("deps of no entry"), offset: 0) }
            var references: [ChangeReference] = []
            for reference in entry.references {
                guard let replica = context.resolve(reference.log, as: ReplicaID.self) else { throw Self.unknownName }
                guard references.last.map({ $0.replica < replica }) ?? true else {
                    throw WireError(.invalid("references are not sorted by replica"), offset: 0)
                }
                references.append(
                    ChangeReference(replica: replica, sequence: reference.sequence, prefix: reference.prefix))
            }
            result[Int(entry.place)] = references
        }
        return result
    }

    private static var unknownName: WireError { WireError(.invalid("a name that the stream did not bring"), offset: 0) }
}

/// An encoded entry taken apart, without copies of its body.
private struct ClearEntry {
    var form: PackedForm
    var deps: [ChangeReference]
    var nonce: ArraySlice<UInt8>
    var body: ArraySlice<UInt8>

    /// Takes an entry apart. The decoder accepts one encoding of each, so that ``encoded()`` makes the same bytes.
    init(_ encoded: [UInt8]) throws(WireError) {
        var decoder = CBORDecoder(encoded)
        try decoder.array(count: 4)
        deps = try decoder.references(maximum: Limits.deps)
        form = PackedForm()
        nonce = []
        if decoder.isAtNull {
            try decoder.null()
        } else {
            try decoder.array(count: 2)
            form.epoch = try decoder.fixed()
            nonce = try decoder.byteString(count: SealParameters.nonceBytes)
        }
        guard let coding = BodyCoding(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the body's coding is unknown"))
        }
        form.coding = coding
        body = try decoder.byteString()
        guard body.count <= Limits.bodyBytes else { throw decoder.failure(.tooLong) }
        try decoder.finish()
    }

    init(_ form: PackedForm, _ content: ArraySlice<UInt8>, deps: [ChangeReference]) {
        self.form = form
        self.deps = deps
        nonce = content.prefix(form.nonceBytes)
        body = content.dropFirst(form.nonceBytes)
    }

    func encoded() -> [UInt8] {
        var encoder = CBOREncoder(capacity: 48 + 48 * deps.count + body.count)
        encoder.array(count: 4)
        encoder.references(deps)
        if let epoch = form.epoch {
            encoder.array(count: 2)
            encoder.fixed(epoch)
            encoder.byteString(nonce)
        } else {
            encoder.null()
        }
        encoder.unsigned(UInt64(form.coding.rawValue))
        encoder.byteString(body)
        return encoder.bytes
    }
}

extension PackedForm {
    fileprivate var nonceBytes: Int { epoch == nil ? 0 : SealParameters.nonceBytes }
}

extension [UInt8] {
    /// Appends a number in LEB128: seven bits to a byte, the least first, each but the last with its high bit set.
    @inlinable package mutating func appendLEB128(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

extension ArraySlice<UInt8> {
    /// Takes a number in LEB128 of at most three bytes off the beginning, in its shortest form.
    fileprivate mutating func popLEB128() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 21, by: 7) {
            guard let byte = popFirst() else { throw WireError(.truncated, offset: 0) }
            value |= UInt64(byte & 0x7F) << shift
            if byte >= 0x80 { continue }
            guard byte != 0 || shift == 0 else { throw WireError(.notDeterministic, offset: 0) }
            return value
        }
        throw WireError(.outOfRange, offset: 0)
    }
}
