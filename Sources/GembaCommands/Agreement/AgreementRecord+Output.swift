import GembaNode
import GembaStore
import GembaWire

extension AgreementRecord {
    /// What differed last, in one sentence.
    func sentence(_ peer: String, ago: String, _ replica: Replica) -> String {
        let names = rows.prefix(Self.shownCount).map { row in
            let table = replica.schema.tables.first { $0.id.rawValue == row.table }?.name ?? "table \(row.table)"
            return "\(table) \(row.row)"
        }
        let more = count > names.count ? " and \(count - names.count) more" : ""
        let outcome =
            isBroken ? "and still do, made anew by both" : "and \(count == 1 ? "was" : "were") made anew from the log"
        return "\(count) row\(count == 1 ? "" : "s") differed from \(peer) \(ago), \(outcome): "
            + names.joined(separator: ", ") + more
    }

    /// Rows that are named.
    private static let shownCount = 3

    var json: JSONValue {
        .object([
            ("equal", .text(equal.map(PointInTime.iso))), ("different", .text(different.map(PointInTime.iso))),
            ("differed", .count(count)), ("broken", .bool(isBroken)),
            (
                "rows",
                .array(
                    rows.map { row in
                        .object([
                            ("table", .count(row.table)), ("row", .string(row.row)),
                            ("groups", .array(row.groups.map { .count($0) })),
                            ("outcome", .string(row.outcome.rawValue)),
                        ])
                    })
            ),
        ])
    }
}
