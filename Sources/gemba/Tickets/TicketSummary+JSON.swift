import Gemba
import GembaCommands

extension TicketSummary {
    /// The summary for programs.
    var json: JSONValue { .object(members) }

    /// The members of the summary, to which a ticket's details add theirs.
    var members: [(String, JSONValue)] {
        [
            ("number", .string(shownNumber)),
            ("id", .string("\(id)")),
            ("title", .text(fields[.title])),
            ("phase", .string(phase.rawValue)),
            ("open", .bool(phase.isOpen)),
            ("round", .count(round)),
            ("unsettled", .count(unsettledCount)),
            ("responsible", .text(responsible)),
            ("helpers", .texts(helpers)),
            ("waitingFor", .texts(holdReasons)),
            (
                "fields",
                .object(TicketField.allCases.map { ($0.rawValue, .text(fields[$0])) })
            ),
            ("labels", .texts(labels)),
            ("externalRefs", .texts(externalRefs)),
            ("origin", .text(origin?.rawValue)),
            ("createdAt", .string(PointInTime.iso(UInt64(clamping: createdAt)))),
            ("createdBy", .string(createdBy)),
            ("updatedAt", .string(PointInTime.iso(UInt64(clamping: updatedAt)))),
            ("lastNote", .text(lastNote)),
            ("acts", .count(actCount)),
        ]
    }
}

extension TicketDetail {
    /// The ticket with its history for programs.
    var json: JSONValue {
        .object(
            [("version", .integer(1))] + summary.members + [
                ("toSettle", .texts(state.unsettled.map(\.words))),
                ("remarks", .texts(state.remarks.map(\.words))),
                ("openHolds", .texts(state.openHolds.map { "\($0.id)" })),
                ("history", .array(history.map(\.json))),
                ("conflicts", .array(conflicts.map(\.json))),
            ])
    }
}

extension TicketDetail.Entry {
    fileprivate var json: JSONValue {
        let details = act.details
        return .object([
            ("id", .string("\(act.id)")),
            ("kind", .string(act.kind.name)),
            ("by", .string(act.person)),
            ("station", .string(act.authorship.station)),
            ("at", .string(PointInTime.iso(act.shownTime))),
            ("writtenDownBy", .string(act.authorship.actor)),
            ("reason", .string(act.authorship.reason)),
            ("text", .text(details.text)),
            ("technical", .text(details.technical)),
            ("person", .text(details.person)),
            ("waitsFor", .text(details.reason)),
            ("need", .text(details.need)),
            ("until", .text(details.until.map { PointInTime.iso(UInt64(clamping: $0)) })),
            ("code", .text(details.code)),
            ("did", .text(details.did)),
            ("level", .text(details.level)),
            ("refersTo", .text(details.refersTo.map { "\($0)" })),
            ("source", .text(details.origin?.system)),
            ("writtenWithoutKnowing", .texts(unknown.map { "\($0)" })),
        ])
    }
}

extension FieldConflict {
    fileprivate var json: JSONValue {
        .object([
            ("columns", .texts(fields.map(\.rawValue))),
            (
                "siblings",
                .array(
                    values.map { written in
                        .object([
                            ("values", .object(fields.map { ($0.rawValue, .text(written.fields[$0])) })),
                            ("by", .string(written.person)),
                            ("station", .string(written.station)),
                            ("at", .string(PointInTime.iso(written.time))),
                            ("reason", .string(written.reason)),
                            ("shown", .bool(written.isShown)),
                        ])
                    })
            ),
        ])
    }
}
