import Foundation
import GRDB
import GembaCausality
import GembaWire

extension TicketAct.Details {
    /// The columns of a row of `ticket_act`; a group of which nothing is known is left unwritten.
    func columns(kind: TicketActKind, ticket: RowID) -> [String: Value] {
        var columns: [String: Value] = [
            "ticket": .blob(ticket.bytes), "kind": .integer(kind.rawValue), "step": .integer(step),
        ]
        func set(_ name: String, _ text: String?) { if let text, !text.isEmpty { columns[name] = .text(text) } }
        func set(_ name: String, _ number: Int64?) { if let number { columns[name] = .integer(number) } }
        set("text", text)
        set("technical", technical)
        set("person", person)
        set("reason", reason)
        set("need", need)
        set("until_time", until)
        set("code", code)
        set("did", did)
        set("level", level)
        set("round", round)
        if let refersTo { columns["refers_to"] = .blob(refersTo.bytes) }
        if !unread.isEmpty { columns["unread"] = .blob(unread.sorted().flatMap(\.bytes)) }
        set("origin_system", origin?.system)
        set("origin_person", origin?.person)
        set("origin_time", origin?.time)
        return columns
    }

    /// Reads a row of `ticket_act`.
    init(_ row: Row) {
        self.init()
        step = row["step"] ?? 0
        text = row["text"]
        technical = row["technical"]
        person = row["person"]
        reason = row["reason"]
        need = row["need"]
        until = row["until_time"]
        code = row["code"]
        did = row["did"]
        level = row["level"]
        round = row["round"]
        refersTo = row["refers_to"]
        let unread: Data = row["unread"] ?? Data()
        self.unread = stride(from: 0, to: unread.count, by: RowID.byteCount).compactMap { start in
            RowID(bytes: unread.dropFirst(start).prefix(RowID.byteCount))
        }
        if let system: String = row["origin_system"] {
            origin = TicketAct.Origin(system: system, person: row["origin_person"], time: row["origin_time"])
        }
    }
}
