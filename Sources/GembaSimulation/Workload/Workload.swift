import GRDB
import GembaCausality
import GembaStore
import GembaWire

/// Random writes on a replica, as people at one station would make them, with marks by which each is found again.
struct Workload {
    var random: SeededGenerator
    let rowsInPlay: Int
    /// Ids that were ever used, by table.
    private var knownRows: [String: [RowID]] = [:]
    private var nextMark = 0
    /// What people at a station saw a while ago and still have on their screens, by station.
    private var forms: [Int: [Form]] = [:]

    /// A form that somebody keeps open.
    private struct Form {
        var row: RowID
        var tokens: [String: VersionToken]
    }

    /// A write that is being made.
    struct Draft {
        var marks: [Ledger.Place: Ledger.Mark] = [:]
        /// Columns that this write settled, so that its author must see nothing else in them.
        var settled: Set<Ledger.Place> = []
        var inserted: Set<RowID> = []
    }

    /// Thrown on purpose, to see that a write which throws leaves nothing behind.
    struct ChangeOfMind: Error {}

    init(random: SeededGenerator, rowsInPlay: Int) {
        self.random = random
        self.rowsInPlay = rowsInPlay
    }

    /// Forgets the forms that were open at a station, as when its process ends.
    mutating func closeForms(at station: Int) { forms[station] = nil }

    /// Does one to four things in a write.
    mutating func act(_ tx: WriteTransaction, at station: Int) throws -> Draft {
        var draft = Draft()
        for _ in 0..<random.number(in: 1...4) { try step(tx, at: station, &draft) }
        if random.chance(0.03) { throw ChangeOfMind() }
        return draft
    }

    private mutating func step(_ tx: WriteTransaction, at station: Int, _ draft: inout Draft) throws {
        switch random.below(22) {
        case 0, 1: try insertItem(tx, &draft)
        case 2, 3, 4, 5: try updateItem(tx, &draft)
        case 6: try openForm(tx, at: station)
        case 7: try submitForm(tx, at: station, &draft)
        case 8, 9: try changeLabels(tx, &draft)
        case 10: try changeStock(tx)
        case 11: try deleteOrRestore(["item"], tx, &draft)
        case 12: try stateNote(tx, &draft)
        case 13: try insertPair(tx, &draft)
        case 14, 15, 16: try updatePair(tx, at: station, &draft)
        case 17: try deleteOrRestore(["debit", "credit"], tx, &draft)
        case 18: try count(tx, &draft)
        case 19, 20: try writeStory(tx)
        default: try useExtra(tx, &draft)
        }
    }

    private mutating func mark() -> String {
        nextMark += 1
        return "m\(nextMark)"
    }

    // MARK: - Rows

    mutating func visibleRow(_ table: String, _ tx: WriteTransaction) throws -> RowID? {
        random.pick(try RowID.fetchAll(tx.database, sql: "SELECT id FROM \(table) ORDER BY id"))
    }

    /// A row to insert: one of a few ids that several stations may choose, or a fresh one. Nil when there are enough.
    private mutating func insertableRow(_ table: String, _ tx: WriteTransaction) throws -> RowID? {
        let count = try Int.fetchOne(tx.database, sql: "SELECT count(*) FROM \(table)") ?? 0
        guard count < rowsInPlay else { return nil }
        let row: RowID
        if random.chance(0.3) {
            row = RowID(rawValue: UInt128(0x0000_7000_8000) << 80 | UInt128(random.number(in: 1...rowsInPlay)))
        } else {
            row = tx.newRowID()
        }
        guard try tx.reader.isFree(row, in: table) else { return nil }
        if !(knownRows[table]?.contains(row) ?? false) { knownRows[table, default: []].append(row) }
        return row
    }

    private mutating func deleteOrRestore(_ tables: [String], _ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard let first = tables.first else { return }
        if random.chance(0.5), let row = try visibleRow(first, tx) {
            for table in tables { try tx.delete(table, row) }
            draft.marks = draft.marks.filter { $0.key.row != row || !tables.contains($0.key.table) }
            draft.settled = draft.settled.filter { $0.row != row || !tables.contains($0.table) }
        } else if let row = random.pick(knownRows[first] ?? []), try !tx.reader.isFree(row, in: first),
            !draft.inserted.contains(row)
        {
            for table in tables { try tx.restore(table, row) }
        }
    }

    // MARK: - Items

    private mutating func insertItem(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard let row = try insertableRow("item", tx) else { return }
        let title = Value.text(mark())
        try tx.insert(into: "item", id: row, ["title": title])
        draft.inserted.insert(row)
        draft.note("item", row, 1, ["title": title])
    }

    private mutating func updateItem(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard let row = try visibleRow("item", tx) else { return }
        var values: [String: Value] = [:]
        if random.chance(0.6) { values["title"] = .text(mark()) }
        if random.chance(0.4) { values["impact"] = .text(mark()) }
        if random.chance(0.3) { values["urgency"] = .integer(Int64(random.number(in: 1...5))) }
        if random.chance(0.3) { values["remark"] = remark() }
        if random.chance(0.2), try tx.database.columns(in: "item").contains(where: { $0.name == "weight" }) {
            values["weight"] = .real(Double(random.number(in: -4...4)) / 4 + 100)
        }
        if values.isEmpty { return }
        try tx.update("item", row, values)
        draft.noteItem(row, values, settles: true)
    }

    /// Any value of any kind.
    private mutating func remark() -> Value {
        switch random.below(5) {
        case 0: .null
        case 1: .integer(Int64(truncatingIfNeeded: random.next()))
        case 2: .real(Double(random.number(in: -1_000_000...1_000_000)) * 1.25)
        case 3: .blob(random.bytes(random.number(in: 0...300)))
        default: .text(mark())
        }
    }

    private mutating func openForm(_ tx: WriteTransaction, at station: Int) throws {
        if let row = try visibleRow("item", tx) {
            forms[station, default: []].append(
                Form(row: row, tokens: ["item": try tx.reader.version(of: row, in: "item")]))
        }
    }

    private mutating func submitForm(_ tx: WriteTransaction, at station: Int, _ draft: inout Draft) throws {
        guard let form = random.pick((forms[station] ?? []).filter { $0.tokens["item"] != nil }),
            try RowID.fetchOne(tx.database, sql: "SELECT id FROM item WHERE id = ?", arguments: [form.row]) != nil
        else { return }
        let values: [String: Value] = ["title": .text(mark()), "impact": .text(mark())]
        try tx.update("item", form.row, values, basedOn: form.tokens["item"])
        draft.noteItem(form.row, values, settles: false)
    }

    private mutating func changeLabels(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard let row = try visibleRow("item", tx) else { return }
        try changeSet("item", "labels", 3, row, tx, &draft)
    }

    private mutating func changeSet(
        _ table: String, _ column: String, _ group: GroupID, _ row: RowID, _ tx: WriteTransaction, _ draft: inout Draft
    ) throws {
        let element = random.chance(0.5) ? Value.text("l\(random.below(4))") : .integer(Int64(random.below(3)))
        let place = Ledger.Place.element(table: table, row: row, group: group, element)
        if random.chance(0.6) {
            try tx.add(element, to: column, of: row, in: table)
            draft.marks[place] = .present
        } else {
            try tx.remove(element, from: column, of: row, in: table)
            draft.marks[place] = nil
        }
    }

    private mutating func changeStock(_ tx: WriteTransaction) throws {
        guard let row = try visibleRow("item", tx) else { return }
        if random.chance(0.25) {
            do {
                try tx.setCounter("stock", of: row, in: "item", to: Int64(random.number(in: 0...100)))
            } catch let error as StoreError where error.code == .invalidOperation {
                // The counter was incremented earlier in this write; that order is refused, and nothing was done.
            }
        } else {
            let delta = random.chance(0.02) ? 1 << 53 : Int64(random.number(in: -5...9))
            do {
                try tx.increment("stock", of: row, in: "item", by: delta)
            } catch let error as StoreError where error.code == .invalidValue {
                // Together with an increment earlier in this write it is too much; it is refused, and nothing was done.
            }
        }
    }

    // MARK: - Facts, pairs and sums

    private mutating func stateNote(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        let values: [String: Value] = ["content": .text(mark()), "item": .blob(random.bytes(16))]
        let row = try tx.insert(into: "note", values)
        draft.marks[.fact(table: "note", row: row)] = .values(values)
    }

    private mutating func insertPair(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard let row = try insertableRow("debit", tx) else { return }
        let amount = self.amount()
        for table in ["debit", "credit"] {
            try tx.insert(into: table, id: row, ["amount": amount])
            draft.note(table, row, 1, ["amount": amount])
        }
        draft.inserted.insert(row)
    }

    private mutating func amount() -> Value {
        nextMark += 1
        return .integer(Int64(nextMark))
    }

    private mutating func updatePair(_ tx: WriteTransaction, at station: Int, _ draft: inout Draft) throws {
        if random.chance(0.2), let row = try visibleRow("debit", tx) {
            var tokens: [String: VersionToken] = [:]
            for table in ["debit", "credit"] { tokens[table] = try tx.reader.version(of: row, in: table) }
            forms[station, default: []].append(Form(row: row, tokens: tokens))
        }
        let amount = self.amount()
        if random.chance(0.2), let form = random.pick((forms[station] ?? []).filter { $0.tokens["debit"] != nil }),
            try RowID.fetchOne(tx.database, sql: "SELECT id FROM debit WHERE id = ?", arguments: [form.row]) != nil
        {
            for table in ["debit", "credit"] {
                try tx.update(table, form.row, ["amount": amount], basedOn: form.tokens[table])
                draft.note(table, form.row, 1, ["amount": amount], settles: false)
            }
        } else if let row = try visibleRow("debit", tx) {
            let tag = Value.text("t\(random.below(3))")
            let adds = random.chance(0.5)
            for table in ["debit", "credit"] {
                try tx.update(table, row, ["amount": amount])
                draft.note(table, row, 1, ["amount": amount], settles: true)
                let place = Ledger.Place.element(table: table, row: row, group: 2, tag)
                if adds {
                    try tx.add(tag, to: "tags", of: row, in: table)
                } else {
                    try tx.remove(tag, from: "tags", of: row, in: table)
                }
                draft.marks[place] = adds ? .present : nil
            }
        }
    }

    private mutating func count(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        let row: RowID
        if let known = try visibleRow("tally", tx), random.chance(0.9) {
            row = known
        } else {
            guard let fresh = try insertableRow("tally", tx) else { return }
            row = try tx.insert(into: "tally", id: fresh, ["name": .text(mark())])
            draft.inserted.insert(row)
        }
        let delta = Int64(random.number(in: 1...9))
        try tx.increment("total", of: row, in: "tally", by: delta)
        guard case .amount(let before)? = draft.marks[.tally(row: row)] else {
            draft.marks[.tally(row: row)] = .amount(delta)
            return
        }
        draft.marks[.tally(row: row)] = .amount(before + delta)
    }

    private mutating func useExtra(_ tx: WriteTransaction, _ draft: inout Draft) throws {
        guard try tx.database.tableExists("extra") else { return }
        if let row = try visibleRow("extra", tx), random.chance(0.7) {
            let content = Value.text(mark())
            try tx.update("extra", row, ["content": content])
            draft.note("extra", row, 1, ["content": content], settles: true)
            try changeSet("extra", "marks", 2, row, tx, &draft)
            try tx.increment("uses", of: row, in: "extra", by: 1)
        } else if let row = try insertableRow("extra", tx) {
            let content = Value.text(mark())
            try tx.insert(into: "extra", id: row, ["content": content])
            draft.inserted.insert(row)
            draft.note("extra", row, 1, ["content": content])
        }
    }
}

extension Workload.Draft {
    mutating func note(
        _ table: String, _ row: RowID, _ group: GroupID, _ values: [String: Value], settles: Bool = true
    ) {
        let place = Ledger.Place.register(table: table, row: row, group: group)
        var all = values
        // An update that leaves out a member of a group takes what is shown, which is this write's own if it settled it.
        if settled.contains(place), case .values(let before)? = marks[place] { all.merge(before) { new, _ in new } }
        marks[place] = .values(all)
        if settles { settled.insert(place) } else { settled.remove(place) }
    }

    mutating func noteItem(_ row: RowID, _ values: [String: Value], settles: Bool) {
        let groups: [String: GroupID] = ["title": 1, "impact": 2, "urgency": 2, "remark": 5, "weight": 6]
        for (group, members) in Dictionary(grouping: values, by: { groups[$0.key] ?? 0 }).sorted(by: { $0.key < $1.key }
        ) {
            note("item", row, group, Dictionary(members.map { ($0.key, $0.value) }) { $1 }, settles: settles)
        }
    }
}

extension Ledger.Place {
    var table: String {
        switch self {
        case .register(let table, _, _), .element(let table, _, _, _), .fact(let table, _): table
        case .tally: "tally"
        }
    }

    var row: RowID {
        switch self {
        case .register(_, let row, _), .element(_, let row, _, _), .fact(_, let row), .tally(let row): row
        }
    }
}
