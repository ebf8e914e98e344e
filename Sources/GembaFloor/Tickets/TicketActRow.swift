import GembaCausality
import GembaStore
import GembaWire

/// A row of `ticket_act`: what was done with a ticket, stated once. Numbers are frozen for ever.
struct TicketActRow: Replicated {
    var id = RowID.unassigned
    var ticket = RowID.unassigned
    /// The code of a ``TicketActKind``; nil while nobody knows what was done.
    var code: Int64?
    var details = TicketAct.Details()

    init() {}

    /// - Parameter id: a fresh one when nil.
    init(_ kind: TicketActKind, of ticket: RowID, _ details: TicketAct.Details, id: RowID? = nil) {
        self.id = id ?? .unassigned
        self.ticket = ticket
        code = kind.rawValue
        self.details = details
        // An empty text says as much as none.
        let texts: [WritableKeyPath<TicketAct.Details, String?>] = [
            \.text, \.technical, \.person, \.reason, \.need, \.code, \.did, \.level,
        ]
        for text in texts where details[keyPath: text]?.isEmpty ?? false { self.details[keyPath: text] = nil }
    }

    static let declaration = Declaration<TicketActRow>(
        2, "ticket_act",
        [
            .fact(
                1,
                [
                    .column("ticket", \.ticket), .column("kind", \.code),
                    .column("step", \.details.step, default: .integer(0)),
                ]),
            .fact(2, [.column("text", \.details.text)]),
            .fact(3, [.column("technical", \.details.technical)]),
            .fact(4, [.column("person", \.details.person)]),
            .fact(
                5,
                [
                    .column("reason", \.details.reason), .column("need", \.details.need),
                    .column("until_time", \.details.until),
                ]),
            .fact(6, [.column("code", \.details.code), .column("did", \.details.did)]),
            .fact(7, [.column("level", \.details.level)]),
            .fact(8, [.column("round", \.details.round)]),
            .fact(9, [.column("refers_to", \.details.refersTo)]),
            .fact(10, [.column("unread", \.unread)]),
            .fact(
                11,
                [
                    .column("origin_system", \.originSystem), .column("origin_person", \.originPerson),
                    .column("origin_time", \.originTime),
                ]),
        ],
        indexes: [["ticket"]], searchable: ["text", "technical", "did", "need"])

    // MARK: - Parts of the details that are not columns

    /// The ids one after the other, sorted.
    private var unread: [UInt8]? {
        get { details.unread.isEmpty ? nil : details.unread.sorted().flatMap(\.bytes) }
        set {
            let bytes = newValue ?? []
            details.unread = stride(from: 0, to: bytes.count, by: RowID.byteCount).compactMap { start in
                RowID(bytes: bytes.dropFirst(start).prefix(RowID.byteCount))
            }
        }
    }

    /// What is read after it belongs to this origin.
    private var originSystem: String? {
        get { details.origin?.system }
        set { details.origin = newValue.map { TicketAct.Origin(system: $0, person: nil, time: nil) } }
    }

    private var originPerson: String? {
        get { details.origin?.person }
        set { details.origin?.person = newValue }
    }

    private var originTime: Int64? {
        get { details.origin?.time }
        set { details.origin?.time = newValue }
    }
}
