import Gemba
import Testing

@Suite("Article: FirstReplica")
struct FirstReplicaArticle {
    // snippet: record
    struct Part: Replicated {
        var id = RowID.unassigned
        var name = ""
        var shelf: Int?
        var stock = 0

        static let declaration = Declaration<Part>(
            1, "part",
            [
                .register(1, "name", \.name),
                .register(2, "shelf", \.shelf),
                .counter(3, "stock", \.stock),
            ])
    }
    // end

    @Test("The code of the article works")
    func article() throws {
        let home = try TemporaryFolder()
        let folder = home.folder("it")
        let otherFolder = home.folder("l3")

        // snippet: found
        let shop = Schema(version: 1, tables: [Part.declaration.table])
        let (replica, recovery) = try Replica.found(
            plant: "Works 3", station: "IT", in: folder, schema: shop)
        // end
        _ = recovery

        // snippet: write
        let roll = try replica.write(by: "ewa", because: "counted") { tx in
            try tx.insert(Part(name: "label roll", shelf: 3, stock: 40))
        }
        try replica.write(by: "jan") { tx in
            _ = try tx.update(Part.self, roll.id) { $0.stock -= 5 }
        }
        // end

        // snippet: read
        let low = try replica.fetch(Part.matching(\.stock < 50).sorted(by: \.name))
        let part = try replica.fetch(Part.self, roll.id)
        // end
        #expect(low.map(\.stock) == [35])
        #expect(part?.shelf == 3)

        // snippet: open
        let again = try Replica.open(in: folder, schema: shop)
        // end
        #expect(try again.count(Part.everything) == 1)

        // snippet: join
        let route = InvitationToken.Route(
            endpoint: "tcp://it.works3.example:7700", transport: replica.identity.transportKey)
        let token = try replica.invite(as: .station, name: "L3", validForSeconds: 86_400, routes: [route], by: "ewa")
        let station = try Replica.join(with: token, station: nil, in: otherFolder, schema: shop)
        // end
        try replica.pull(.roster, from: station)
        try replica.shareEpochs()
        try station.exchange(with: replica)
        #expect(try station.fetch(Part.everything) == low)
    }

    // snippet: run
    func run(_ replica: Replica) async throws {
        try await Node(replica, transport: .zeroMQ(listen: "tcp://*:7700")).run()
    }
    // end
}
