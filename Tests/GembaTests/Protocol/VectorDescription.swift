import GembaCausality
import GembaWire

// What a decoded structure looks like in the vectors. It is written out here, field by field, so that a decoder that
// mixes up two fields and an encoder that mixes them up again do not agree.

extension JSONValue {
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> JSONValue { .string(Hexadecimal.encode(bytes)) }
    static func number(_ value: some BinaryInteger) -> JSONValue { .integer(Int64(value)) }
    static func list<Element>(_ elements: some Sequence<Element>, _ describe: (Element) -> JSONValue) -> JSONValue {
        .array(elements.map(describe))
    }
}

extension FixedBytes {
    var vectorDescription: JSONValue { .hexadecimal(bytes) }
}

extension Dot {
    var vectorDescription: JSONValue { [replica.vectorDescription, .number(sequence)] }
}

extension ChangeReference {
    var vectorDescription: JSONValue { [replica.vectorDescription, .number(sequence), prefix.vectorDescription] }

    var namedDescription: JSONValue {
        ["replica": replica.vectorDescription, "sequence": .number(sequence), "prefix": prefix.vectorDescription]
    }
}

extension Value {
    var vectorDescription: JSONValue {
        switch self {
        case .null: ["null": true]
        case .integer(let value): ["int": .string(String(value))]
        case .real(let value): ["float": .string(value.pythonHexadecimal)]
        case .text(let value): ["text": .string(value)]
        case .blob(let value): ["bytes": .hexadecimal(value)]
        }
    }
}

extension Double {
    /// The exact value as the vectors write it: `0x1.8000000000000p+0`.
    var pythonHexadecimal: String {
        if self == 0 { return "0x0.0p+0" }
        let digits = String(significandBitPattern, radix: 16)
        let fraction = String(repeating: "0", count: 13 - digits.count) + digits
        let exponent = isNormal ? Int(exponent) : -1022
        return (self < 0 ? "-" : "") + "0x\(isNormal ? 1 : 0).\(fraction)p" + (exponent < 0 ? "" : "+") + "\(exponent)"
    }
}

// MARK: - Changes

extension ChangeBody {
    var vectorDescription: JSONValue {
        var description: [String: JSONValue] = [
            "timestamp": .number(timestamp.rawValue), "lamport": .number(lamport), "schema": .number(schemaVersion),
            "actor": .string(actor), "reason": .string(reason),
            "operations": .list(operations) { $0.vectorDescription },
            "references": .list(references) { $0.vectorDescription },
        ]
        if !extensions.isEmpty {
            description["extensions"] = .object(
                Dictionary(uniqueKeysWithValues: extensions.map { (String($0), .hexadecimal($1)) }))
        }
        return .object(description)
    }
}

extension RowOperation {
    var vectorDescription: JSONValue {
        [
            "table": .number(table.rawValue), "row": row.vectorDescription, "verb": .number(verb.rawValue),
            "saw": .list(saw) { $0.vectorDescription }, "effects": .list(effects) { $0.vectorDescription },
        ]
    }
}

extension Effect {
    var vectorDescription: JSONValue {
        func described(_ kind: UInt64, _ fields: [String: JSONValue]) -> JSONValue {
            .object(fields.merging(["group": .number(group.rawValue), "kind": .number(kind)]) { $1 })
        }
        switch content {
        case .register(let replaces, let values):
            return described(
                0,
                [
                    "replaces": .list(replaces) { $0.vectorDescription },
                    "values": .list(values) { $0.vectorDescription },
                ])
        case .set(let elements):
            return described(1, ["elements": .list(elements) { $0.vectorDescription }])
        case .increment(let bases, let delta):
            return described(2, ["bases": .list(bases) { $0.vectorDescription }, "delta": .string(String(delta))])
        case .base(let replaces, let value):
            return described(
                3, ["replaces": .list(replaces) { $0.vectorDescription }, "value": .string(String(value))])
        case .fact(let values):
            return described(4, ["values": .list(values) { $0.vectorDescription }])
        case .text(let text):
            return described(
                5,
                [
                    "insertions": .list(text.insertions) { $0.vectorDescription },
                    "deletions": .list(text.deletions) { $0.vectorDescription },
                ])
        case .drop:
            return described(6, [:])
        case .unknown(let kind, let encoded):
            return described(kind, ["encoded": .hexadecimal(encoded)])
        }
    }
}

extension Effect.ElementOperation {
    var vectorDescription: JSONValue {
        [
            "element": element.vectorDescription, "adds": .bool(adds), "saw": .list(saw) { $0.vectorDescription },
        ]
    }
}

extension TextEffect.Insertion {
    var vectorDescription: JSONValue {
        switch parent {
        case .beginning: ["text": .string(text)]
        case .character(let id, let side):
            [
                "side": .number(side.rawValue), "dot": id.dot.vectorDescription, "offset": .number(UInt64(id.offset)),
                "text": .string(text),
            ]
        }
    }
}

extension TextEffect.Deletion {
    var vectorDescription: JSONValue {
        [
            "dot": first.dot.vectorDescription, "offset": .number(UInt64(first.offset)),
            "count": .number(UInt64(count)),
        ]
    }
}

extension Effect.ObservedBase {
    var vectorDescription: JSONValue { ["dot": dot.vectorDescription, "sum": .string(String(sum))] }
}

// MARK: - Roster

extension Member {
    var vectorDescription: JSONValue {
        [
            "name": .string(name), "role": .number(role.rawValue), "transport": transport.vectorDescription,
            "sealing": sealing.vectorDescription,
        ]
    }
}

extension RosterBody {
    var vectorDescription: JSONValue {
        [
            "timestamp": .number(timestamp.rawValue), "lamport": .number(lamport), "actor": .string(actor),
            "reason": .string(reason), "acts": .list(acts) { $0.vectorDescription },
        ]
    }
}

extension RosterAct {
    var vectorDescription: JSONValue {
        switch self {
        case .invite(let key, let role, let name, let validForSeconds):
            [
                "kind": 1, "invite": key.vectorDescription, "role": .number(role.rawValue), "name": .string(name),
                "validForSeconds": .number(validForSeconds),
            ]
        case .join(let invite, let member, let signature):
            [
                "kind": 2, "invite": invite.vectorDescription, "member": member.vectorDescription,
                "signature": .hexadecimal(signature),
            ]
        case .admit(let replica): ["kind": 3, "replica": replica.vectorDescription]
        case .close(let invite): ["kind": 4, "invite": invite.vectorDescription]
        case .endpoints(let counter, let addresses):
            ["kind": 5, "counter": .number(counter), "endpoints": .list(addresses) { .string($0) }]
        case .lapse(let station, let head):
            [
                "kind": 10, "station": station.vectorDescription,
                "head": head.map { $0.vectorDescription } ?? .null,
            ]
        case .returned: ["kind": 11]
        case .epoch(let epoch, let wraps):
            ["kind": 6, "epoch": epoch.vectorDescription, "wraps": .list(wraps) { $0.vectorDescription }]
        case .revoke(let station, let cut):
            ["kind": 8, "station": station.vectorDescription, "cut": .list(cut) { $0.vectorDescription }]
        case .retire(let station, let cut):
            ["kind": 9, "station": station.vectorDescription, "cut": .list(cut) { $0.vectorDescription }]
        case .rekey(let counter, let transport, let sealing):
            [
                "kind": 12, "counter": .number(counter), "transport": transport.vectorDescription,
                "sealing": sealing.vectorDescription,
            ]
        case .reinstate(let station, let removals):
            ["kind": 14, "station": station.vectorDescription, "removals": .list(removals) { $0.vectorDescription }]
        case .policy(let counter, let flags):
            ["kind": 15, "counter": .number(counter), "flags": .number(flags.rawValue)]
        case .unknown(let kind, let encoded): ["kind": .number(kind), "encoded": .hexadecimal(encoded)]
        }
    }
}

extension EpochWrap {
    var vectorDescription: JSONValue {
        [
            "recipient": recipient.vectorDescription, "encapsulated": .hexadecimal(encapsulated),
            "sealed": .hexadecimal(sealed),
        ]
    }
}

extension Genesis {
    var vectorDescription: JSONValue {
        [
            "format": 1, "kind": .number(kind.rawValue), "plant": plant?.vectorDescription ?? .null,
            "station": station.vectorDescription, "random": .hexadecimal(random), "incarnation": .number(incarnation),
            "predecessors": .list(predecessors) { $0.vectorDescription },
            "rosterFrontier": .list(rosterFrontier) { $0.vectorDescription },
            "founding": founding.map {
                [
                    "name": .string($0.plantName), "recovery": $0.recovery.vectorDescription,
                    "founder": $0.founder.vectorDescription,
                ]
            } ?? .null,
        ]
    }
}
