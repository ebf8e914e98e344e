import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Protocol vectors: the tree of rows")
struct AgreementVectorTests {
    @Test("fingerprints of ranges, and statements about them (10-agreement)", arguments: Vector.all(in: "rows"))
    func rows(_ vector: Vector) throws {
        let key: AgreementKey =
            if vector["epoch"] == .null {
                AgreementKey(plant: try vector.fixed("plant"))
            } else {
                AgreementKey(epoch: try #require(EpochKey(bytes: try vector.bytes("epoch"))))
            }
        let queue = try DatabaseQueue()
        try queue.write { database in
            try RowTree.create(in: database)
            var tree = RowTree(database)
            var digests: [RowKey: RowDigest] = [:]
            for row in try vector.list("rows") {
                let parts = try #require(row.elements)
                let name = RowKey(
                    table: TableID(rawValue: UInt32(try #require(parts[0].integer))), row: try parts[1].fixed())
                digests[name] = parts[2] == .null ? .notCompared : RowDigest(of: try parts[2].bytes())
                try tree.put(name, digests[name])
            }
            for (range, statement) in zip(try vector.list("ranges"), try vector.list("statements")) {
                let parts = try #require(range.elements)
                let range = try #require(RowRange(digits: try parts[0].bytes()))
                let digest = try tree.digest(of: range)
                #expect(try key.fingerprint(of: range, digest: digest) == parts[1].fixed())
                let stated = try StatedRange(decoding: try statement.bytes())
                #expect(stated.range == range)
                #expect(try tree.isLeaf(range) == { if case .rows = stated.statement { true } else { false } }())
                switch stated.statement {
                case .children(let children):
                    for (child, fingerprint) in zip(range.children, children) {
                        #expect(try key.fingerprint(of: child, digest: tree.digest(of: child)) == fingerprint)
                    }
                case .rows(let rows):
                    #expect(try rows.map(\.key) == tree.rows(in: range, atMost: 100))
                    #expect(
                        rows.map(\.fingerprint) == rows.map { row in digests[row.key].flatMap(key.fingerprint(ofRow:)) }
                    )
                }
            }
        }
    }
}
