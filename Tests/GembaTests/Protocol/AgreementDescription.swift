import GembaCausality
import GembaWire

extension CompareMessage {
    /// What the message looks like in the vectors.
    var vectorDescription: JSONValue {
        let fields: [String: JSONValue] = [
            "type": 14, "number": .number(number), "data": basis.data.vectorDescription,
            "roster": basis.roster.vectorDescription, "epoch": basis.epoch?.vectorDescription ?? .null,
        ]
        let subject: [String: JSONValue] =
            switch self.subject {
            case .ranges(let ranges):
                [
                    "ranges": .list(ranges) {
                        ["range": .hexadecimal($0.range.digits), "fingerprint": $0.fingerprint.vectorDescription]
                    }
                ]
            case .rows(let rows): ["rows": .list(rows) { .object($0.vectorFields) }]
            }
        return .object(fields.merging(subject) { $1 })
    }
}

extension StatementMessage {
    /// What the message looks like in the vectors.
    var vectorDescription: JSONValue {
        let said: [String: JSONValue] =
            switch content {
            case nil: ["content": .null]
            case .ranges(let ranges): ["ranges": .list(ranges) { $0.vectorDescription }]
            case .rows(let rows):
                [
                    "states": .list(rows) {
                        .object($0.key.vectorFields.merging(["state": .hexadecimal($0.state)]) { $1 })
                    }
                ]
            }
        return .object(["type": 15, "number": .number(number)].merging(said) { $1 })
    }
}

extension RowKey {
    fileprivate var vectorFields: [String: JSONValue] {
        ["table": .number(table.rawValue), "row": ReplicaID(rawValue: row.rawValue).vectorDescription]
    }
}

extension StatedRange {
    fileprivate var vectorDescription: JSONValue {
        switch statement {
        case .children(let children):
            ["range": .hexadecimal(range.digits), "children": .list(children) { $0.vectorDescription }]
        case .rows(let rows):
            [
                "range": .hexadecimal(range.digits),
                "rows": .list(rows) {
                    let fingerprint = $0.fingerprint?.vectorDescription ?? .null
                    return .object($0.key.vectorFields.merging(["fingerprint": fingerprint]) { $1 })
                },
            ]
        }
    }
}
