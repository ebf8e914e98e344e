import GRDB
import Gemba
import Testing

@Suite("Article: OwnSchema")
struct OwnSchemaArticle {
    // snippet: record
    enum Severity: String, ColumnValue { case low, medium, high }

    struct Fault: Replicated {
        var id = RowID.unassigned
        var reportedBy = ""
        var title = ""
        var hall: String?
        var place: Int?
        var severity = Severity.low
        var claimedBy: String?
        var labels: Set<String> = []
        var seen = 0

        static let declaration = Declaration<Fault>(
            1, "fault",
            [
                .fact(1, [.column("reported_by", \.reportedBy)]),
                .register(2, "title", \.title),
                .register(3, [.column("hall", \.hall), .column("place", \.place)]),
                .register(
                    4, "severity", \.severity, shows: .greatest(in: ["low", "medium", "high"].map { .text($0) })),
                .register(5, "claimed_by", \.claimedBy, shows: .first),
                .set(6, "labels", \.labels),
                .counter(7, "seen", \.seen),
            ],
            indexes: [["hall", "place"]])
    }
    // end

    // snippet: facts
    struct Reading: Replicated {
        var id = RowID.unassigned
        var fault = RowID.unassigned
        var degrees = 0.0

        static let declaration = Declaration<Reading>(
            2, "reading", [.fact(1, [.column("fault", \.fault), .column("degrees", \.degrees)])])
    }
    // end

    @Test("The code of the article works")
    func article() throws {
        let home = try TemporaryFolder()

        // snippet: names
        let reading = Table(2, "reading", groups: [.fact(1, [.blob("fault"), .real("degrees")])])
        // end
        #expect(reading == Reading.declaration.table)

        let schema = Schema(version: 1, tables: [Fault.declaration.table, reading])
        let replica = try Replica.found(plant: "Works 3", station: "IT", in: home.folder("it"), schema: schema).replica
        let fault = try replica.write(by: "ewa") { try $0.insert(Fault(reportedBy: "ewa", title: "jam", hall: "A")) }

        // snippet: byName
        try replica.write(by: "ewa") { tx in
            try tx.insert(into: "reading", ["fault": .blob(fault.id.bytes), "degrees": .real(40.5)])
            try tx.add(.text("urgent"), to: "labels", of: fault.id, in: "fault")
            try tx.increment("seen", of: fault.id, in: "fault", by: 1)
        }
        // end

        // snippet: many
        try replica.write(by: "ewa", because: "from the logger") { tx in
            let readings = try tx.inserter(into: "reading", columns: ["fault", "degrees"])
            for degrees in [40.5, 41, 43.5] { try readings.insert([.blob(fault.id.bytes), .real(degrees)]) }
        }
        // end
        #expect(try replica.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM reading") } == 4)

        // snippet: change
        try replica.write(by: "jan", because: "it is loud") { tx in
            _ = try tx.update(Fault.self, fault.id) { fault in
                fault.severity = .high
                fault.labels.insert("noise")
                fault.labels.remove("urgent")
                fault.seen += 1
            }
        }
        // end

        let rows = [fault.id]
        // snippet: update many
        try replica.write(by: "jan", because: "the hall was painted") { tx in
            let faults = try tx.updater(of: "fault", columns: ["severity"])
            for row in rows { try faults.update(row, [.text("low")]) }
        }
        // end
        #expect(try replica.read { try String.fetchAll($0, sql: "SELECT severity FROM fault") } == ["low"])

        // snippet: sql
        let loud = try replica.read { database in
            try Fault.fetchAll(
                database, sql: "SELECT fault.* FROM fault JOIN reading ON reading.fault = fault.id WHERE degrees > 40")
        }
        // end
        #expect(Set(loud.map(\.labels)) == [["noise"]])
        #expect(Set(loud.map(\.seen)) == [2])
    }

    @Test("An own rule is a function of the program")
    func ranks() throws {
        let home = try TemporaryFolder()
        // snippet: ranks
        let schema = Schema(
            version: 1,
            tables: [Table(1, "note", groups: [.register(1, .text("text"), shows: .function("longest"))])],
            ranks: [
                RankFunction("longest") { values in
                    if case .text(let text)? = values.first { Int64(text.count) } else { 0 }
                }
            ])
        // end
        let replica = try Replica.found(plant: "Works 3", station: "IT", in: home.folder("it"), schema: schema).replica
        #expect(replica.unresolvedRules.isEmpty)
    }

    private typealias Table = GembaStore.Table
}

extension OwnSchemaArticle.Fault: FetchableRecord, TableRecord {}
