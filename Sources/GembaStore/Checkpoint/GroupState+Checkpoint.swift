import GembaCRDT
import GembaCausality
import GembaWire

/// The state of one group in a checkpoint. Every family has an encoding of its own; a reader that does not know a family
/// cannot take the checkpoint.
extension GroupState where Payload == [Value] {
    func encodeForCheckpoint(into encoder: inout CBOREncoder) {
        switch self {
        case .writes(let writes):
            encoder.array(count: writes.writes.count)
            for write in writes.writes {
                encoder.array(count: 2 + write.payload.count)
                CheckpointRow.encode(write.name, into: &encoder)
                for value in write.payload { value.encode(into: &encoder) }
            }
        case .set(let set):
            encoder.array(count: set.elements.count)
            for (bytes, element) in set.sortedByEncoding {
                encoder.array(count: 2)
                encoder.raw(bytes)
                let names = set.names(of: element)
                encoder.array(count: 2 * names.count)
                for name in names { CheckpointRow.encode(name, into: &encoder) }
            }
        case .counter(let counter): encode(counter, into: &encoder)
        case .text(let text): encode(text, into: &encoder)
        }
    }

    /// A text that was inserted by one change is named by it; one that was edited comes with its structure.
    private func encode(_ text: TextState, into encoder: inout CBOREncoder) {
        switch text {
        case .fresh(let dot, let content):
            encoder.array(count: 4)
            encoder.unsigned(0)
            CheckpointRow.encode(dot, into: &encoder)
            encoder.text(content ?? "")
        case .stored(let saved): encode(saved, into: &encoder)
        case .open(let document): encode(document.saved, into: &encoder)
        }
    }

    private func encode(_ saved: SavedText<Dot>?, into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        encoder.unsigned(1)
        encoder.array(count: saved?.authors.count ?? 0)
        for author in saved?.authors ?? [] { encoder.fixed(author) }
        encoder.byteString(saved?.structure ?? [])
        encoder.text(saved?.text ?? "")
    }

    private func encode(_ counter: Counter<LocalDot>, into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.array(count: counter.bases.writes.count)
        for base in counter.bases.writes {
            encoder.array(count: 4)
            CheckpointRow.encode(base.name, into: &encoder)
            encoder.signed(base.payload.value)
            encoder.array(count: base.payload.observed.count)
            for observed in base.payload.observed {
                encoder.array(count: 3)
                CheckpointRow.encode(observed.name, into: &encoder)
                encoder.signed(observed.sum)
            }
        }
        encoder.array(count: counter.sums.count)
        for (name, sum) in counter.sums.sorted(by: { $0.key < $1.key }) {
            encoder.array(count: 3)
            CheckpointRow.encode(name, into: &encoder)
            encoder.byteString(Self.bytes(of: sum))
        }
        encoder.byteString(Self.bytes(of: counter.initialSum))
    }

    private static func bytes(of sum: Int128) -> [UInt8] { withUnsafeBytes(of: sum.bigEndian) { Array($0) } }

    init(checkpoint decoder: inout CBORDecoder, family: MergeFamily, numbers: CheckpointNumbers) throws {
        self =
            switch family {
            case .register, .fact: .writes(try Self.writes(from: &decoder, numbers))
            case .set: .set(try Self.set(from: &decoder, numbers))
            case .counter: .counter(try Self.counter(from: &decoder, numbers))
            case .text: .text(try Self.text(from: &decoder, numbers))
            }
    }

    private static func text(from decoder: inout CBORDecoder, _ numbers: CheckpointNumbers) throws -> TextState {
        try decoder.array(count: 4)
        switch try decoder.unsigned() {
        case 0:
            let dot = try numbers.dot(from: &decoder)
            return .fresh(dot, try decoder.text())
        case 1:
            let authors = try decoder.list { (decoder) throws(WireError) in try decoder.fixed(ReplicaID.self) }
            let structure = Array(try decoder.byteString())
            let saved = SavedText<Dot>(
                authors: authors, structure: structure, text: try decoder.text(), deleted: "")
            // What does not open would only be noticed at the next edit.
            guard (try? TextDocument(saved)) != nil else { throw CheckpointReader.damaged }
            return .stored(saved)
        default: throw decoder.failure(.outOfRange)
        }
    }

    private static func writes(
        from decoder: inout CBORDecoder, _ numbers: CheckpointNumbers
    ) throws -> DotFunction<LocalDot, [Value]> {
        var writes: [DotFunction<LocalDot, [Value]>.Write] = []
        for _ in 0..<(try decoder.array()) {
            let count = try decoder.array()
            guard count >= 2 else { throw decoder.failure(.invalid("a write has no dot")) }
            let name = try numbers.dot(from: &decoder)
            writes.append(.init(name: name, payload: try decoder.values(count: count - 2)))
        }
        return .init(writes: writes)
    }

    private static func set(
        from decoder: inout CBORDecoder, _ numbers: CheckpointNumbers
    ) throws -> ObservedRemoveSet<LocalDot, Value> {
        var elements: [Value: [LocalDot]] = [:]
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 2)
            let element = try Value(from: &decoder)
            var names: [LocalDot] = []
            for _ in 0..<(try decoder.array()) / 2 { names.append(try numbers.dot(from: &decoder)) }
            elements[element] = names
        }
        return ObservedRemoveSet(elements: elements)
    }

    private static func counter(
        from decoder: inout CBORDecoder, _ numbers: CheckpointNumbers
    ) throws -> Counter<LocalDot> {
        try decoder.array(count: 3)
        var bases: [DotFunction<LocalDot, Counter<LocalDot>.Base>.Write] = []
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 4)
            let name = try numbers.dot(from: &decoder)
            let value = try decoder.signed()
            var observed: [Counter<LocalDot>.Observed] = []
            for _ in 0..<(try decoder.array()) {
                try decoder.array(count: 3)
                let base = try numbers.dot(from: &decoder)
                observed.append(.init(name: base, sum: try decoder.signed()))
            }
            observed.sort { $0.name < $1.name }
            bases.append(.init(name: name, payload: .init(value: value, observed: observed)))
        }
        var sums: [LocalDot: Int128] = [:]
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 3)
            let name = try numbers.dot(from: &decoder)
            sums[name] = try sum(from: &decoder)
        }
        return Counter(bases: .init(writes: bases), sums: sums, initialSum: try sum(from: &decoder))
    }

    private static func sum(from decoder: inout CBORDecoder) throws -> Int128 {
        Int128(bitPattern: try decoder.byteString(count: 16).reduce(0) { $0 << 8 | UInt128($1) })
    }
}
