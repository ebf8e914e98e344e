import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("Tables that are stored")
struct StoredTablesTests {
    @Test("A program that does not know a stored table or column does not open the replica")
    func olderProgram() throws {
        let plant = try TestPlant()
        let folder = plant.founder.folder
        var older = Schema.parts
        older.tables.removeLast()
        for schema in [older, .none, Self.withoutLastColumn] {
            let error = #expect(throws: StoreError.self) {
                try Replica.open(in: folder, schema: schema, sources: .test)
            }
            #expect(error?.code == .unsupportedDatabase)
        }
        _ = try Replica.open(in: folder, schema: .parts, sources: .test)
    }

    private static var withoutLastColumn: Schema {
        var schema = Schema.parts
        let part = schema.tables[0]
        schema.tables[0] = Table(part.id, part.name, groups: part.groups.dropLast(), indexes: part.indexes)
        return schema
    }

    @Test("What was stored before its table was known is shown as soon as it is (M1)")
    func laterSchema() throws {
        let plant = try TestPlant()
        let blind = try plant.enrol("L3", schema: .none)
        try plant.founder.write(by: "ewa") { tx in _ = try tx.insert(into: "part", ["name": .text("label roll")]) }
        try blind.pull(.data, from: plant.founder)
        let seeing = try Replica.open(in: blind.folder, schema: .parts, sources: .test)
        #expect(try seeing.read { try String.fetchAll($0, sql: "SELECT name FROM part") } == ["label roll"])
        #expect(try seeing.digest() == plant.founder.digest())
    }

    @Test("A relay has no tables, whatever program opens it (G12)")
    func relay() throws {
        let plant = try TestPlant()
        let relay = try plant.enrol("HUB", as: .relay)
        #expect(relay.schema.tables.isEmpty)
        try plant.founder.write(by: "ewa") { tx in _ = try tx.insert(into: "part", ["name": .text("label roll")]) }
        try relay.pull(.data, from: plant.founder)
        let again = try Replica.open(in: relay.folder, schema: .parts, sources: .test)
        #expect(again.schema.tables.isEmpty)
        #expect(try again.digest() == plant.founder.digest())
    }
}
