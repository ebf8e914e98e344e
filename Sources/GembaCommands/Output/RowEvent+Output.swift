import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

extension RowEvent {
    var verbName: String {
        switch verb {
        case .insert: "inserted"
        case .edit: writes.isEmpty ? "restored" : "edited"
        case .delete: isDrop ? "dropped" : "deleted"
        }
    }

    func json(roster: Roster) -> JSONValue {
        .object(
            [("verb", .string(verbName))] + provenance.fields(roster)
                + [("writes", .array(writes.map { .object($0.fields) }))])
    }

    func json(_ write: Write, roster: Roster) -> JSONValue { .object(write.fields + provenance.fields(roster)) }
}

extension Provenance {
    func line(_ roster: Roster) -> String {
        let reason = reason.isEmpty ? "" : " (\(reason))"
        return "\(actor) at \(roster.name(of: station)), \(PointInTime.local(timestamp.milliseconds))\(reason)"
    }

    func fields(_ roster: Roster) -> [(String, JSONValue)] {
        [
            ("by", .string(actor)), ("station", .string(roster.name(of: station))),
            ("at", .string(PointInTime.iso(timestamp.milliseconds))), ("reason", .string(reason)),
            ("change", .string("\(dot)")),
        ]
    }
}

extension RowEvent.Fate {
    /// Padded, so that lines stand below each other.
    var label: String { rawValue.padding(toLength: 8, withPad: " ", startingAt: 0) }
}

extension RowEvent.Write {
    var columnNames: String {
        columns.isEmpty ? "group \(group.rawValue), which this version does not know" : columns.joined(separator: ", ")
    }

    /// What was written, without where.
    var value: String {
        switch act {
        case .set(let values): values.map(\.shown).joined(separator: ", ")
        case .added(let element): "added \(element.shown)"
        case .removed(let element): "removed \(element.shown)"
        case .increased(let delta): "\(delta < 0 ? "" : "+")\(delta)"
        case .counted(let value): "set to \(value)"
        case .edited(let inserted, let removed):
            (inserted.map { "inserted \($0.debugDescription)" } + (removed > 0 ? ["deleted \(removed)"] : []))
                .joined(separator: ", ")
        case .unknown: "(not known to this version)"
        }
    }

    var fields: [(String, JSONValue)] {
        let (name, value): (String, JSONValue) =
            switch act {
            case .set(let values): ("set", .array(values.map(JSONValue.init)))
            case .added(let element): ("added", JSONValue(element))
            case .removed(let element): ("removed", JSONValue(element))
            case .increased(let delta): ("increased", .integer(delta))
            case .counted(let value): ("counted", .integer(value))
            case .edited(let inserted, let removed):
                ("edited", .object([("inserted", .texts(inserted)), ("removed", .integer(Int64(removed)))]))
            case .unknown: ("unknown", .null)
            }
        return [("columns", .texts(columns)), (name, value), ("fate", .string(fate.rawValue))]
    }
}
