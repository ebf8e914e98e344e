import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Protocol vectors: merge states")
struct MergeVectorTests {
    @Test(
        "digests of replicas that apply foreign logs, in two orders (04-operations)",
        arguments: Vector.all(in: "merges"))
    func merges(_ vector: Vector) throws {
        let runs = try vector.list("runs").map { try Run(decoding: try $0.bytes()) }
        let order = try vector.list("otherOrder").map { runs[Int(try #require($0.integer))] }
        for runs in [runs, order] {
            let folder = try TemporaryFolder()
            let replica = try Replica.join(
                with: try InvitationToken(printed: try vector.text("token")), station: nil,
                in: folder.folder("replica"), schema: .parts, sources: .test)
            let roster = try vector.list("roster").map { try Run(decoding: try $0.bytes()) }
            #expect(try replica.apply(roster, kind: .roster).problem == nil)
            for run in runs { #expect(try replica.apply([run], kind: .data).problem == nil) }
            #expect(try replica.digest().vectorDescription == vector["digest"])
        }
    }
}
