import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

/// A replica that a program of some database format made, kept for ever to see that today's program opens it.
///
/// `Fixtures/v1`, `v2`, … each hold a `replica` folder and what was known of it when it was made, `expected.json`.
/// A format gets its folder while it is current and before it is replaced:
///
///     GEMBA_MAKE_FIXTURE=1 swift test --skip-build --filter FormatFixtureMaking
struct FormatFixture: CustomTestStringConvertible, Sendable {
    /// The format's number.
    var version: Int64

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").path

    /// All formats that are kept, the oldest first.
    static let all: [FormatFixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { $0.hasPrefix("v") ? Int64($0.dropFirst()) : nil }.sorted().map(Self.init)
    }()

    var testDescription: String { "v\(version)" }
    var folder: String { Self.folder + "/v\(version)" }

    func expectation() throws -> Expectation {
        let data = try Data(contentsOf: URL(filePath: folder + "/expected.json"))
        return try JSONDecoder().decode(Expectation.self, from: data)
    }

    /// A copy to work with. A checkout gives files the rights that it likes; keys need the owner's alone.
    func copy(to path: String) throws {
        let files = FileManager.default
        try files.copyItem(atPath: folder + "/replica", toPath: path)
        try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path + "/keys")
        for name in try files.contentsOfDirectory(atPath: path + "/keys") {
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + "/keys/" + name)
        }
    }

    /// What holds of a replica whatever format it is stored in.
    struct Expectation: Codable, Hashable {
        var digest: String
        /// The end of each data log: replica, number and prefix of the hash.
        var logs: [String]
        /// The rows of each table by id, each value as a SQL literal.
        var rows: [String: [[String]]]
        /// Table, row and columns of each conflict between siblings.
        var conflicts: [String]
        /// How many changes are held that have no effect.
        var quarantined: UInt64
        /// How many things were done to the row that was changed most.
        var longestHistory: Int

        init(of replica: Replica) throws {
            digest = try replica.digest().description
            logs = try replica.vector(of: .data).map { "\($0.replica) \($0.sequence) \($0.prefix)" }
            rows = try replica.read { database in
                var rows: [String: [[String]]] = [:]
                for table in FormatFixture.schema.tables {
                    let names = ["id"] + table.groups.flatMap(\.columns).map(\.name)
                    let list = names.map { "quote(\"\($0)\")" }.joined(separator: ", ")
                    let sql = "SELECT \(list) FROM \"\(table.name)\" ORDER BY id"
                    rows[table.name] = try Row.fetchAll(database, sql: sql).map { row in names.indices.map { row[$0] } }
                }
                return rows
            }
            conflicts = try replica.conflicts().filter { $0.kind == .siblings }
                .map { "\($0.table) \($0.row) \($0.columns.joined(separator: " "))" }.sorted()
            quarantined = try replica.statistics().quarantined
            longestHistory =
                try replica.read { try RowID.fetchAll($0, sql: "SELECT id FROM part") }
                .map { try replica.history(of: $0, in: "part").count }.max() ?? 0
        }
    }

    // MARK: - Schemas

    /// What the kept replicas were made with. Never changed; a later fixture may be made with another.
    static let schema = Schema(
        version: 1,
        tables: [
            Table(
                1, "part",
                groups: [
                    .register(1, .text("name")),
                    .register(2, [.text("aisle"), .integer("shelf", default: .integer(0))]),
                    .set(3, "labels"),
                    .counter(4, "stock"),
                    .register(5, .real("weight")),
                    .fact(6, [.text("maker")]),
                ], indexes: [["name"]]),
            Table(2, "reading", groups: [.fact(1, [.blob("part"), .real("value"), .text("unit")])]),
        ])

    /// What a station with a later version of the program has: a table and groups that the kept replica does not know.
    static let laterSchema: Schema = {
        let part = schema.tables[0]
        let groups = part.groups + [.register(7, .text("color")), .set(8, "machines"), .counter(9, "orders")]
        return Schema(
            version: 2,
            tables: [
                Table(part.id, part.name, groups: groups, indexes: part.indexes), schema.tables[1],
                Table(7, "shift", groups: [.register(1, .text("lead")), .counter(2, "heads")]),
            ])
    }()
}
