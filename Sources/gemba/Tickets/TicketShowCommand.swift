import ArgumentParser
import Gemba
import GembaCommands

/// `ticket show`
struct TicketShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a ticket with all that happened to it.",
        discussion: """
            EXAMPLE
              gemba ticket show L3-0001
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The ticket: its number, its id, or the beginning of its id.") var id: String

    func run() throws {
        let tickets = try Station.tickets(data)
        let detail = try tickets.show(try tickets.find(id))
        guard !output.json else {
            detail.json.print()
            return
        }
        showHead(detail)
        showQuestions(detail)
        showHistory(detail)
    }

    private func showHead(_ detail: TicketDetail) {
        let summary = detail.summary
        print(Terminal.bold("\(summary.shownNumber)  \(summary.fields[.title] ?? "")"))
        let round = summary.round > 0 ? ", reopened \(summary.round) time\(summary.round == 1 ? "" : "s")" : ""
        let responsible = summary.responsible.map { "\($0) answers for it" } ?? "nobody answers for it yet"
        print("\(summary.phase.rawValue)\(round); \(responsible)")
        if !summary.helpers.isEmpty { print("helped by \(summary.helpers.joined(separator: ", "))") }
        for field in TicketField.allCases where field != .title {
            if let value = summary.fields[field] { print("  \(field.rawValue): \(value)") }
        }
        if !summary.labels.isEmpty { print("  labels: \(summary.labels.joined(separator: ", "))") }
        if !summary.externalRefs.isEmpty { print("  see also: \(summary.externalRefs.joined(separator: ", "))") }
        print("  id: \(summary.id)")
    }

    private func showQuestions(_ detail: TicketDetail) {
        for question in detail.state.unsettled { print(Terminal.warning("To settle: \(question.words)")) }
        for remark in detail.state.remarks { print("Note: \(remark.words)") }
        for conflict in detail.conflicts {
            print(Terminal.warning("Written apart: \(conflict.fields.map(\.rawValue).joined(separator: ", "))"))
            for written in conflict.values {
                let values = conflict.fields.map { written.fields[$0] ?? "" }.joined(separator: ", ")
                let mark = written.isShown ? "shown" : "kept "
                print("  \(mark)  “\(values)” by \(written.person) at \(written.station)")
            }
        }
    }

    private func showHistory(_ detail: TicketDetail) {
        print("")
        let acts = detail.history.map { ($0.act.id, "\($0.act.kind) of \($0.act.who)") }
        let kinds = Dictionary(uniqueKeysWithValues: acts)
        for entry in detail.history {
            let act = entry.act
            let place = act.authorship.station.isEmpty ? "" : " at \(act.authorship.station)"
            let time = Terminal.dim(PointInTime.local(act.shownTime))
            print("\(time)  \(act.kind)  \(act.who)\(place)\(words(of: act))")
            let unknown = entry.unknown.compactMap { kinds[$0] }
            if !unknown.isEmpty {
                print(Terminal.dim("    written before this was known: \(unknown.joined(separator: ", "))"))
            }
        }
    }

    private func words(of act: TicketAct) -> String {
        let details = act.details
        var parts: [String] = []
        if let text = details.text { parts.append("“\(text)”") }
        if let person = details.person, person != act.person { parts.append("to \(person)") }
        if let reason = details.reason { parts.append(reason) }
        if let need = details.need { parts.append("needs \(need)") }
        if let until = details.until { parts.append("until \(PointInTime.local(UInt64(clamping: until)))") }
        if let did = details.did { parts.append("“\(did)”") }
        if let code = details.code { parts.append("(\(code))") }
        if let level = details.level { parts.append("level \(level)") }
        if let technical = details.technical { parts.append("[\(technical)]") }
        if !act.authorship.reason.isEmpty { parts.append("because \(act.authorship.reason)") }
        return parts.isEmpty ? "" : ": " + parts.joined(separator: " ")
    }
}
