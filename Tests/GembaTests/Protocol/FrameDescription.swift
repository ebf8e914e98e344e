import GembaCausality
import GembaWire

extension Message {
    /// What a message looks like in the vectors.
    var vectorDescription: JSONValue {
        switch self {
        case .hello(let message): message.vectorDescription
        case .root(let message):
            [
                "type": 1, "kind": .number(message.kind.rawValue), "round": .number(message.round),
                "digest": message.digest.vectorDescription, "count": .number(message.count),
            ]
        case .vector(let message):
            [
                "type": 2, "kind": .number(message.kind.rawValue), "round": .number(message.round),
                "parts": .list(message.parts) { $0.part.described(with: ["prefix": .hexadecimal($0.prefix)]) },
            ]
        case .batch(let message):
            [
                "type": 3, "kind": .number(message.kind.rawValue), "round": .number(message.round),
                "offset": .number(message.offset), "runs": .list(message.runs) { $0.vectorDescription },
            ]
        case .ack(let message):
            [
                "type": 4, "kind": .number(message.kind.rawValue), "round": .number(message.round),
                "received": .number(message.received), "limit": .number(message.limit),
                "have": .list(message.have) { $0.namedDescription },
            ]
        case .pulse(let message):
            [
                "type": 5, "wallClock": .number(message.wallClock), "echo": message.echo.map { .number($0) } ?? .null,
                "roster": message.roster.vectorDescription, "data": message.data.vectorDescription,
            ]
        case .bye(let message):
            ["type": 6, "code": .number(message.code.rawValue), "text": .string(message.text)]
        case .offer(let message):
            [
                "type": 7, "manifest": message.signed.manifest.vectorDescription,
                "signature": .hexadecimal(message.signed.signature), "onlyWay": .bool(message.isOnlyWay),
            ]
        case .answer(let message):
            [
                "type": 8, "checkpoint": message.checkpoint.vectorDescription,
                "verdict": .number(message.verdict.rawValue),
            ]
        case .fetch(let message):
            [
                "type": 9, "checkpoint": message.checkpoint.vectorDescription, "first": .number(message.first),
                "count": .number(message.count),
            ]
        case .chunk(let message):
            [
                "type": 10, "checkpoint": message.checkpoint.vectorDescription, "index": .number(message.index),
                "coding": .number(message.coding.rawValue), "bytes": .hexadecimal(message.bytes),
            ]
        case .pack(let message):
            [
                "type": 11, "round": .number(message.round), "offset": .number(message.offset),
                "runs": .list(message.runs) { $0.vectorDescription },
            ]
        case .backfill(let message):
            [
                "type": 12, "round": .number(message.round), "position": .number(message.position),
                "maximum": .number(message.maximumBytes),
                "ranges": .list(message.ranges) {
                    [
                        "replica": $0.last.replica.vectorDescription, "first": .number($0.first),
                        "last": .number($0.last.sequence), "prefix": $0.last.prefix.vectorDescription,
                    ]
                },
            ]
        case .bodies(let message):
            [
                "type": 13, "round": .number(message.round), "after": .number(message.after),
                "position": .number(message.position), "last": .bool(message.isLast),
                "runs": .list(message.runs) {
                    ["hash": $0.start?.vectorDescription ?? .null, "run": $0.packed.vectorDescription]
                },
            ]
        case .compare(let message): message.vectorDescription
        case .statement(let message): message.vectorDescription
        case .announce(let message):
            [
                "type": 19, "new": .list(message.new) { $0.namedDescription },
                "held": .list(message.held) { $0.namedDescription },
            ]
        case .tree(let message):
            [
                "type": 20, "root": .hexadecimal(message.root.bigEndianBytes), "number": .number(message.number),
                "hops": .number(message.hops), "push": .bool(message.wantsPush),
            ]
        case .trace(let message):
            [
                "type": 18, "kind": .number(message.kind.rawValue), "round": .number(message.round),
                "asks": .bool(message.asks),
                "traces": .list(message.traces) {
                    [
                        "log": $0.log.vectorDescription,
                        "points": .list($0.points) {
                            ["sequence": .number($0.sequence), "prefix": $0.prefix.vectorDescription]
                        },
                    ]
                },
            ]
        }
    }
}

extension PackedRun {
    fileprivate var vectorDescription: JSONValue {
        [
            "log": log.vectorDescription, "first": .number(first), "previous": previous?.vectorDescription ?? .null,
            "bodies": .hexadecimal(bodies), "signature": .hexadecimal(signature), "lengths": .hexadecimal(lengths),
            "forms": .list(forms) {
                [
                    "epoch": $0.epoch?.vectorDescription ?? .null, "coding": .number($0.coding.rawValue),
                    "count": $0.count.map { .number($0) } ?? .null,
                ]
            },
            "deps": .list(deps) {
                [
                    "place": .number($0.place),
                    "references": .list($0.references) {
                        [
                            "log": $0.log.vectorDescription, "sequence": .number($0.sequence),
                            "prefix": $0.prefix.vectorDescription,
                        ]
                    },
                ]
            },
        ]
    }
}

extension PackedName {
    fileprivate var vectorDescription: JSONValue {
        switch self {
        case .known(let place): ["place": .number(place)]
        case .new(let name): ["name": ReplicaID(rawValue: name).vectorDescription]
        }
    }
}

extension Hello {
    fileprivate var vectorDescription: JSONValue {
        [
            "type": 0, "lowestVersion": .number(lowestVersion), "highestVersion": .number(highestVersion),
            "plant": plant.vectorDescription, "station": station.vectorDescription,
            "nonce": .hexadecimal(nonce.bigEndianBytes), "capabilities": .number(capabilities),
            "wallClock": .number(wallClock), "tip": tip?.vectorDescription ?? .null,
            "held": .list(held) {
                [
                    "replica": $0.replica.vectorDescription, "sequence": .number($0.sequence),
                    "hash": $0.hash.vectorDescription, "signature": .hexadecimal($0.signature),
                ]
            },
            "extensions": .list(extensions) { .hexadecimal($0) },
        ]
    }
}

extension CheckpointManifest {
    var vectorDescription: JSONValue {
        [
            "id": id.vectorDescription, "plant": plant.vectorDescription, "maker": maker.vectorDescription,
            "made": .number(made.rawValue), "roster": .list(roster) { $0.namedDescription },
            "entries": .number(entries), "rows": .number(rows), "state": state.vectorDescription,
            "chunkBytes": .number(chunkBytes), "bytes": .number(bytes),
            "chunks": .list(chunks) { $0.vectorDescription },
        ]
    }
}

extension Run {
    fileprivate var vectorDescription: JSONValue {
        [
            "replica": replica.vectorDescription, "first": .number(first),
            "previous": previous?.vectorDescription ?? .null, "entries": .list(entries) { .hexadecimal($0) },
            "signature": .hexadecimal(signature),
        ]
    }
}

extension PulseMessage.StreamPosition {
    fileprivate var vectorDescription: JSONValue { ["round": .number(round), "sent": .number(sent)] }
}

extension VectorMessage.Part {
    fileprivate func described(with fields: [String: JSONValue]) -> JSONValue {
        let (key, content): (String, JSONValue) =
            switch self {
            case .entries(let references): ("entries", .list(references) { $0.namedDescription })
            case .digests(let digests): ("digests", .list(digests) { .hexadecimal($0.bigEndianBytes) })
            case .difference(let entries): ("difference", .list(entries) { $0.vectorDescription })
            case .children(let children):
                ("children", .list(children) { $0.part.described(with: ["digit": .number($0.digit)]) })
            }
        return .object(fields.merging([key: content]) { $1 })
    }
}

extension VectorMessage.DifferingEntry {
    fileprivate var vectorDescription: JSONValue {
        guard let tip else { return ["replica": replica.vectorDescription] }
        return ChangeReference(replica: replica, sequence: tip.sequence, prefix: tip.prefix).namedDescription
    }
}

extension UInt64 {
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
