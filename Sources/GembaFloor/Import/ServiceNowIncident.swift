import GembaCausality

/// Turns the records of one incident into a ticket and its acts.
struct ServiceNowIncident {
    private let key: String
    private let records: [ServiceNowRecord]
    private(set) var notUnderstood: [ImportRemark] = []
    private var acts: [PlannedAct] = []
    private var events: [[String]: Int] = [:]
    private var event: [String] = []
    private var ordinals: [TicketActKind: Int] = [:]
    private var origin: TicketAct.Origin?

    // What the acts so far amount to.
    private var state = ServiceNowState.new
    private var hold: RowID?
    private var rounds: Int64 = 0
    private var isAcknowledged = false
    private var isStarted = false

    init(key: String, records: [ServiceNowRecord]) {
        self.key = key
        let times = [records.first, records.last].map { record in
            record?[ServiceNowColumns.updatedAt].flatMap(CivilTime.milliseconds) ?? 0
        }
        self.records = times[0] > times[1] && times[1] > 0 ? records.reversed() : records
    }

    /// The ticket; to be asked for once.
    mutating func plan() -> PlannedTicket {
        var previous: ServiceNowRecord?
        for record in records {
            begin(record)
            if let previous { change(from: previous, to: record) } else { report(record) }
            previous = record
        }
        let first = records[0]
        let last = records[records.count - 1]
        return PlannedTicket(
            id: .derived(from: ServiceNowImport.system, "ticket", key),
            key: key,
            line: records.map(\.line).min() ?? first.line,
            constants: PlannedTicket.Constants(
                createdAt: first[ServiceNowColumns.openedAt].flatMap(CivilTime.milliseconds)
                    ?? first[ServiceNowColumns.updatedAt].flatMap(CivilTime.milliseconds),
                createdBy: first[ServiceNowColumns.openedBy] ?? first[ServiceNowColumns.updatedBy],
                origin: ServiceNowColumns.origin(of: first[ServiceNowColumns.contact])),
            fields: last.fields,
            externalRefs: ["\(ServiceNowImport.system):\(key)"] + last.references,
            rest: last.rest,
            asOf: last[ServiceNowColumns.updatedAt].flatMap(CivilTime.milliseconds),
            acts: acts)
    }

    // MARK: - Events

    private mutating func begin(_ record: ServiceNowRecord) {
        let name = record.eventName
        events[name, default: 0] += 1
        event = name + ["\(events[name, default: 1])"]
        ordinals = [:]
        let time = record[ServiceNowColumns.updatedAt]
        origin = TicketAct.Origin(
            system: ServiceNowImport.system, person: record[ServiceNowColumns.updatedBy],
            time: time.flatMap(CivilTime.milliseconds))
        if let time, origin?.time == nil {
            remark(record, "the time “\(time)” is not understood; what happened is kept without a time")
        }
    }

    private mutating func report(_ record: ServiceNowRecord) {
        let fields = record.fields
        add(.report) { $0.text = fields[.description] ?? fields[.title] }
        if let assignee = record[ServiceNowColumns.assignee] { add(.assign) { $0.person = assignee } }
        move(to: record)
        note(record, since: nil)
    }

    private mutating func change(from previous: ServiceNowRecord, to record: ServiceNowRecord) {
        let before = acts.count
        let assignee = record[ServiceNowColumns.assignee]
        if assignee != previous[ServiceNowColumns.assignee] {
            let left = previous[ServiceNowColumns.assignee]
            if let assignee { add(.assign) { $0.person = assignee } } else { add(.leave) { $0.person = left } }
        }
        amend(from: previous, to: record)
        move(to: record)
        note(record, since: previous)
        if acts.count == before {
            add(.note) { $0.text = "Changed without a visible difference" }
        }
    }

    private mutating func move(to record: ServiceNowRecord) {
        let label = record[ServiceNowColumns.state] ?? ""
        guard let next = ServiceNowState(label) else {
            remark(record, "the state “\(label)” is not understood; it is kept as a note and changes nothing")
            add(.note) { $0.text = "State in ServiceNow: \(label)" }
            return
        }
        guard next != state else { return }
        takeUpAgain(for: next, record)
        endHold()
        switch next {
        case .new: break
        case .active:
            if !isAcknowledged { add(.acknowledge) { $0.person = record[ServiceNowColumns.assignee] } }
            if !isStarted { add(.start) }
            (isAcknowledged, isStarted) = (true, true)
        case .awaiting(let words):
            let reporter = record["caller_id"] ?? "the reporter"
            let reason = ServiceNowState.holdReason(words)
            hold = add(.hold) { details in
                details.reason = reason
                details.need = reason == HoldReason.information.rawValue ? "\(words), from \(reporter)" : words
            }
        case .resolved:
            if state != .resolved { resolve(record) }
        case .closed:
            if state != .resolved { resolve(record) }
            add(.confirm)
        case .cancelled:
            add(.withdraw) { details in
                details.reason = WithdrawalReason.mistake.rawValue
                details.text = record[ServiceNowColumns.resolutionNotes] ?? "Cancelled in ServiceNow"
            }
        }
        state = next
    }

    /// Takes a withdrawal back, or begins a new round, when the incident was over and is no longer.
    private mutating func takeUpAgain(for next: ServiceNowState, _ record: ServiceNowRecord) {
        switch (state, next) {
        case (.cancelled, _):
            add(.restore) { $0.text = "Taken up again in ServiceNow" }
        case (.resolved, .new), (.resolved, .active), (.resolved, .awaiting),
            (.closed, .new), (.closed, .active), (.closed, .awaiting), (.closed, .resolved):
            let round = rounds + 1
            rounds = round
            add(.reopen) { details in
                details.round = round
                details.text = record[ServiceNowColumns.notes] ?? "Reopened in ServiceNow"
            }
            (isAcknowledged, isStarted, hold) = (false, false, nil)
        default: break
        }
    }

    private mutating func endHold() {
        guard let hold else { return }
        add(.unhold) { $0.refersTo = hold }
        self.hold = nil
    }

    private mutating func resolve(_ record: ServiceNowRecord) {
        let by = record[ServiceNowColumns.resolvedBy]
        let at = record[ServiceNowColumns.resolvedAt]
        let how = record[ServiceNowColumns.resolutionNotes]
        add(.resolve) { details in
            details.code = record[ServiceNowColumns.resolutionCode] ?? "unknown"
            details.did = how ?? "Not told in the export"
            details.person = by
            let record = [by.map { "resolved by \($0)" }, at.map { "at \($0)" }].compactMap(\.self)
            if !record.isEmpty { details.technical = record.joined(separator: " ") }
        }
    }

    /// Tells which fields changed: those that people know in plain words, the rest by their columns.
    private mutating func amend(from previous: ServiceNowRecord, to record: ServiceNowRecord) {
        let columns = Set(previous.values.keys).union(record.values.keys).subtracting(ServiceNowColumns.told)
        var plain: [String] = []
        var technical: [String] = []
        for column in columns.sorted() where previous.values[column] != record.values[column] {
            let old = previous.values[column]?.joined(separator: " / ") ?? "unknown"
            let new = record.values[column]?.joined(separator: " / ") ?? "unknown"
            if let field = ServiceNowColumns.fields[column] {
                plain.append("\(field.rawValue): \(old) → \(new)")
            } else {
                technical.append("\(column): \(old) → \(new)")
            }
        }
        guard !plain.isEmpty || !technical.isEmpty else { return }
        add(.amend) { details in
            if !plain.isEmpty { details.text = plain.joined(separator: "; ") }
            if !technical.isEmpty { details.technical = technical.joined(separator: "; ") }
        }
    }

    /// Comments and work notes that the record before did not have.
    private mutating func note(_ record: ServiceNowRecord, since previous: ServiceNowRecord?) {
        for column in ServiceNowColumns.notes where record.values[column] != previous?.values[column] {
            for text in record.values[column] ?? [] { add(.note) { $0.text = text } }
        }
    }

    @discardableResult
    private mutating func add(
        _ kind: TicketActKind, _ describe: (inout TicketAct.Details) -> Void = { _ in }
    ) -> RowID {
        var details = TicketAct.Details()
        describe(&details)
        details.step = Int64(acts.count)
        details.origin = origin
        let ordinal = ordinals[kind, default: 0]
        ordinals[kind] = ordinal + 1
        // An incident has one report, whichever record an export begins with.
        let name = kind == .report ? [] : event + ["\(ordinal)"]
        let id = RowID.derived(from: [ServiceNowImport.system, "act", key, "\(kind.rawValue)"] + name)
        acts.append(PlannedAct(id: id, kind: kind, details: details))
        return id
    }

    private mutating func remark(_ record: ServiceNowRecord, _ words: String) {
        notUnderstood.append(ImportRemark(line: record.line, words: "\(key): \(words)"))
    }
}
