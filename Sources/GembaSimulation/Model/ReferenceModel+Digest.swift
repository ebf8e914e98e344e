import Crypto
import GembaCausality
import GembaWire

extension ReferenceModel {
    /// The digest that a replica with this state has to state (RULES M15), encoded by code of its own.
    func digest() -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("gemba/digest/1".utf8))
        for (key, row) in rows.sorted(by: { $0.key < $1.key }) { hash.update(data: encoding(of: row, key)) }
        return Array(hash.finalize())
    }

    /// The canonical encoding of one row.
    func encoding(of row: ReferenceRow, _ key: Key) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: 4)
        encoder.unsigned(UInt64(key.table.rawValue))
        encoder.fixed(key.row)
        row.encodePresence(into: &encoder)
        row.encodeGroups(into: &encoder)
        return encoder.bytes
    }
}

extension ReferenceRow {
    fileprivate func encodePresence(into encoder: inout CBOREncoder) {
        encoder.array(count: presence.count)
        for write in presence {
            encoder.array(count: 3)
            encoder.dot(write.dot)
            encoder.unsigned(write.content ? 1 : 0)
        }
    }

    fileprivate func encodeGroups(into encoder: inout CBOREncoder) {
        var parts: [(group: GroupID, family: UInt64, encode: (inout CBOREncoder) -> Void)] = []
        for (group, writes) in registers { parts.append((group, 0, { $0.writes(writes) })) }
        for (group, elements) in sets { parts.append((group, 1, { $0.elements(elements) })) }
        for (group, counter) in counters { parts.append((group, 2, { $0.counter(counter) })) }
        for (group, writes) in facts { parts.append((group, 4, { $0.writes(writes) })) }
        for (group, text) in texts { parts.append((group, 5, { $0.text(text) })) }
        parts.sort { ($0.group, $0.family) < ($1.group, $1.family) }
        encoder.array(count: parts.count)
        for part in parts {
            encoder.array(count: 3)
            encoder.unsigned(UInt64(part.group.rawValue))
            encoder.unsigned(part.family)
            part.encode(&encoder)
        }
    }
}

extension CBOREncoder {
    fileprivate mutating func dot(_ dot: Dot) {
        fixed(dot.replica)
        unsigned(dot.sequence)
    }

    fileprivate mutating func writes(_ writes: [ReferenceRow.Write<[Value]>]) {
        array(count: writes.count)
        for write in writes {
            array(count: 2 + write.content.count)
            dot(write.dot)
            for value in write.content { raw(value.encoded()) }
        }
    }

    fileprivate mutating func elements(_ elements: [Value: [Dot]]) {
        let sorted = elements.map { (encoded: $0.key.encoded(), dots: $0.value) }
            .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
        array(count: sorted.count)
        for element in sorted {
            array(count: 2)
            raw(element.encoded)
            array(count: element.dots.count)
            for dot in element.dots {
                array(count: 2)
                self.dot(dot)
            }
        }
    }

    fileprivate mutating func text(_ text: ReferenceText) {
        var runs: [[ReferenceText.Character]] = []
        for character in text.characters {
            if let last = runs.last?.last, last.id.dot == character.id.dot, last.id.offset + 1 == character.id.offset,
                last.isDeleted == character.isDeleted
            {
                runs[runs.count - 1].append(character)
            } else {
                runs.append([character])
            }
        }
        array(count: runs.count)
        for run in runs {
            array(count: 4)
            dot(run[0].id.dot)
            unsigned(UInt64(run[0].id.offset))
            if run[0].isDeleted {
                unsigned(UInt64(run.count))
            } else {
                var shown = String.UnicodeScalarView()
                shown.append(contentsOf: run.map(\.scalar))
                self.text(String(shown))
            }
        }
    }

    fileprivate mutating func counter(_ counter: ReferenceRow.Counter) {
        array(count: 3)
        array(count: counter.bases.count)
        for base in counter.bases {
            array(count: 4)
            dot(base.dot)
            signed(base.content.value)
            array(count: base.content.observed.count)
            for observed in base.content.observed.sorted(by: { $0.dot < $1.dot }) {
                array(count: 3)
                dot(observed.dot)
                signed(observed.sum)
            }
        }
        let sums = counter.sums.sorted { $0.key < $1.key }
        array(count: sums.count)
        for (dot, sum) in sums {
            array(count: 3)
            self.dot(dot)
            wide(sum)
        }
        wide(counter.initialSum)
    }

    /// A sum modulo 2^128 in two's complement, most significant byte first.
    private mutating func wide(_ sum: Int128) {
        byteString((0..<16).map { UInt8(truncatingIfNeeded: sum >> (120 - 8 * Int128($0))) })
    }
}
