import Foundation
import GRDB
import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

@Suite("Search")
struct SearchTests {
    private static let schema = Schema(
        version: 1,
        tables: [
            Table(
                1, "report", groups: [.register(1, .text("title")), .register(2, .text("body")), .counter(3, "count")],
                searchable: ["title", "body"]),
            Table(2, "note", groups: [.fact(1, [.text("text")])], searchable: ["text"]),
            Table(3, "plain", groups: [.register(1, .text("title"))]),
        ])

    private let plant: TestPlant
    private var replica: Replica { plant.founder }

    init() throws { plant = try TestPlant(schema: Self.schema) }

    @discardableResult
    private func report(_ title: String, _ body: String = "", at replica: Replica? = nil) throws -> RowID {
        try (replica ?? self.replica).write(by: "ewa") {
            try $0.insert(into: "report", ["title": .text(title), "body": .text(body)])
        }
    }

    private func found(_ text: String, in table: String = "report", at replica: Replica? = nil) throws -> [RowID] {
        try (replica ?? self.replica).search(table, text).map(\.row)
    }

    private var indexPath: String { ReplicaFolder(path: replica.folder).searchIndex }

    // MARK: - What is found

    @Test("Parts of words are found in any of the columns, all pieces of a query in one row")
    func parts() throws {
        let german = try report("Etikettendrucker tot", "Presse 4 (P4), Kühlung läuft")
        let polish = try report("wózek widłowy", "nie jedzie")
        let japanese = try report("印刷停止", "プリンタの電源を入れ直した")
        #expect(try found("drucker") == [german])
        #expect(try found("DRUCKER kuhl") == [german])
        #expect(try found("p4") == [german])
        #expect(try found("widlowy") == [polish])
        #expect(try found("停止") == [japanese])
        #expect(try found("刷 電源") == [japanese])
        #expect(try found("ﾌﾟﾘﾝﾀ") == [japanese])
        #expect(try found("drucker widlowy").isEmpty)
        #expect(try found("").isEmpty)
    }

    @Test("Quoted words are found next to each other only")
    func quoted() throws {
        let row = try report("label printer dead")
        try report("printer of labels dead")
        #expect(try found(#""label printer""#) == [row])
    }

    @Test(
        "No text is a wrong query",
        arguments: [
            "\"", "AND", "a OR", "NEAR(a b)", "title:x", "*", "-a", "^a", "{a b}: c", "'; --", "(", "\0", "a\"b",
        ])
    func syntax(text: String) throws {
        try report("title")
        _ = try found(text)
    }

    @Test("What stands in the first column counts more, and better matches come first")
    func ranking() throws {
        let below = try report("dead", "the printer is there")
        let above = try report("printer", "it is dead and there")
        let hits = try replica.search("report", "printer")
        #expect(hits.map(\.row) == [above, below])
        #expect(hits[0].score > hits[1].score)
        #expect(hits[0].excerpts.map { $0.marked() } == ["[printer]"])
        #expect(try replica.search("report", "printer", limit: 1).count == 1)
    }

    // MARK: - What changes

    @Test("A search finds rows as they are, whoever changed them and how")
    func changes() throws {
        let row = try report("first")
        #expect(try found("first") == [row])
        try replica.write(by: "ewa") { try $0.update("report", row, ["title": .text("second")]) }
        #expect(try found("first").isEmpty)
        #expect(try found("second") == [row])
        try replica.write(by: "ewa") { try $0.increment("count", of: row, in: "report", by: 1) }
        #expect(try found("second") == [row])
        try replica.write(by: "ewa") { try $0.delete("report", row) }
        #expect(try found("second").isEmpty)
        try replica.write(by: "ewa") { try $0.restore("report", row) }
        #expect(try found("second") == [row])
    }

    @Test("Changes of a peer, and an edit that revives a deleted row, are found")
    func peers() throws {
        let other = try plant.enrol("L3", schema: Self.schema)
        let row = try report("printer")
        try other.exchange(with: replica)
        #expect(try found("printer", at: other) == [row])
        try replica.write(by: "ewa") { try $0.delete("report", row) }
        #expect(try found("printer").isEmpty)
        try other.write(by: "jan") { try $0.update("report", row, ["body": .text("revived")]) }
        try other.exchange(with: replica)
        #expect(try found("printer") == [row])
        #expect(try found("revived", at: other) == [row])
    }

    @Test("Several processes search one index")
    func processes() throws {
        let other = try Replica.open(in: replica.folder, schema: Self.schema, sources: .test)
        for number in 0..<20 {
            let writer = number.isMultiple(of: 2) ? replica : other
            let row = try report("number \(number)", at: writer)
            #expect(try found("\"number \(number)\"").contains(row))
            #expect(try found("\"number \(number)\"", at: other).contains(row))
        }
    }

    @Test("Rows of another table are found in that, and nothing in one without searchable columns")
    func tables() throws {
        let note = try replica.write(by: "ewa") { try $0.insert(into: "note", ["text": .text("printer")]) }
        #expect(try found("printer", in: "note") == [note])
        #expect(try found("printer").isEmpty)
        #expect(throws: StoreError.self) { try found("x", in: "plain") }
        #expect(throws: StoreError.self) { try found("x", in: "none") }
    }

    @Test("A replica without searchable columns has no index")
    func nothing() throws {
        let plant = try TestPlant()
        try plant.founder.updateSearchIndex()
        #expect(!plant.founder.isSearchable)
        #expect(!FileManager.default.fileExists(atPath: ReplicaFolder(path: plant.founder.folder).searchIndex))
    }

    // MARK: - What goes wrong

    @Test("Whatever becomes of the index's file, it is made anew", arguments: ["removed", "garbage", "cut"])
    func damage(kind: String) throws {
        let rows = try (0..<1200).map { try report("printer \($0)") }
        do {
            let opened = try Replica.open(in: replica.folder, schema: Self.schema, sources: .test)
            #expect(try opened.rows(in: "report", matching: SearchQuery("printer")) == Set(rows))
        }
        switch kind {
        case "removed": try FileManager.default.removeItem(atPath: indexPath)
        case "garbage": try Data(repeating: 7, count: 65_536).write(to: URL(filePath: indexPath))
        default: try FileHandle(forWritingTo: URL(filePath: indexPath)).truncate(atOffset: 8192)
        }
        let opened = try Replica.open(in: replica.folder, schema: Self.schema, sources: .test)
        #expect(try opened.rows(in: "report", matching: SearchQuery("printer")) == Set(rows))
    }

    @Test("A process that dies between two steps leaves an index that others go on with")
    func interruption() throws {
        let rows = try (0..<1200).map { try report("printer \($0)") }
        let index = try #require(replica.searchIndex)
        #expect(try index.step(reading: replica.withReader).scan != nil)
        // Written, changed and deleted while the rest is still to be read.
        try replica.write(by: "ewa") { try $0.update("report", rows[0], ["title": .text("scanner")]) }
        try replica.write(by: "ewa") { try $0.delete("report", rows[1199]) }
        let late = try report("printer, late")
        let opened = try Replica.open(in: replica.folder, schema: Self.schema, sources: .test)
        let expected = Set(rows[1..<1199] + [late])
        #expect(try opened.rows(in: "report", matching: SearchQuery("printer")) == expected)
        #expect(try opened.rows(in: "report", matching: SearchQuery("scanner")) == [rows[0]])
    }

    @Test("A step that is not committed leaves no trace")
    func rollback() throws {
        let row = try report("printer")
        let index = try #require(replica.searchIndex)
        struct Death: Error {}
        #expect(throws: Death.self) {
            _ = try index.step { body in
                _ = try replica.withReader(body)
                throw Death()
            }
        }
        #expect(try index.progress() == nil)
        #expect(try found("printer") == [row])
    }

    @Test("After a backup was restored, the index of what came after it is of no use")
    func restoredBackup() throws {
        let kept = try report("printer, kept")
        _ = try CheckedFiles.watch(plant.folder.folder("backup.sqlite"))
        let backup = try DatabaseQueue(path: plant.folder.folder("backup.sqlite"))
        try replica.pool.backup(to: backup)
        try backup.close()
        let lost = try report("printer, lost")
        #expect(Set(try found("printer")) == [kept, lost])

        let folder = plant.folder.folder("restored")
        try FileManager.default.copyItem(atPath: replica.folder, toPath: folder)
        let database = ReplicaFolder(path: folder).database
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + suffix) }
        try FileManager.default.moveItem(atPath: plant.folder.folder("backup.sqlite"), toPath: database)
        let restored = try Replica.open(in: folder, schema: Self.schema, sources: .test)
        #expect(try found("printer", at: restored) == [kept])
        let other = try report("printer, other", at: restored)
        #expect(Set(try found("printer", at: restored)) == [kept, other])
    }

    @Test("Other columns make another index")
    func redeclaration() throws {
        let row = try report("printer", "dead")
        #expect(try found("dead") == [row])
        var schema = Self.schema
        schema.tables[0] = Table(1, "report", groups: schema.tables[0].groups, searchable: ["title"])
        let opened = try Replica.open(in: replica.folder, schema: schema, sources: .test)
        #expect(try found("dead", at: opened).isEmpty)
        #expect(try found("printer", at: opened) == [row])
    }

    @Test("What is searchable has to be texts that there are", arguments: [["none"], ["count"], ["title", "title"]])
    func declaration(columns: [String]) throws {
        var schema = Self.schema
        schema.tables[0] = Table(1, "report", groups: schema.tables[0].groups, searchable: columns)
        #expect(throws: StoreError.self) {
            try Replica.open(in: replica.folder, schema: schema, sources: .test)
        }
    }

    @Test("A node keeps the index", .timeLimit(.minutes(10)))
    func background() async throws {
        try await withThrowingTaskGroup { [replica] group in
            group.addTask { try await replica.keepSearchIndex { Issue.record($0) } }
            let row = try await replica.write(by: "ewa") { try $0.insert(into: "report", ["title": .text("printer")]) }
            let index = try #require(replica.searchIndex)
            let end = try replica.withReader { try $0.log.lastPlace() }
            while try index.progress()?.place != end { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try replica.search("report", "printer").map(\.row) == [row])
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }
}
