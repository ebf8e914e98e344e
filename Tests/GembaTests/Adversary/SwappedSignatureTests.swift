import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("L4: a signature that was not verified is not kept, wherever it stands")
struct SwappedSignatureTests {
    private let plant: TestPlant
    private let author: Replica
    private let other: Replica

    init() throws {
        plant = try TestPlant()
        author = plant.founder
        other = try plant.enrol("L3")
        for number in 0..<6 {
            for replica in [author, other] {
                try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
            }
        }
    }

    /// A log in runs of one change each, in order.
    private func changes(of replica: Replica, _ kind: LogKind = .data) throws -> [Run] {
        var runs: [Run] = []
        var position: Int64 = 0
        while true {
            let next = try replica.runs(of: kind, after: position, excluding: VersionVector(), maximumBytes: 1)
            if next.runs.isEmpty { return runs }
            runs += next.runs
            position = next.position
        }
    }

    enum Swap: CaseIterable { case withTheNext, withTheLast, withAnotherAuthors, withItsOwnOfAnotherKind }

    @Test("An interior signature from elsewhere stops its log there, and nothing else", arguments: Swap.allCases)
    func interior(swap: Swap) throws {
        var runs = try changes(of: author)
        let others = try changes(of: other)
        let place = 2
        #expect(runs.count == 6 && others.count == 6)
        switch swap {
        case .withTheNext: (runs[place].signature, runs[3].signature) = (runs[3].signature, runs[place].signature)
        case .withTheLast: (runs[place].signature, runs[5].signature) = (runs[5].signature, runs[place].signature)
        case .withAnotherAuthors: runs[place].signature = others[place].signature
        case .withItsOwnOfAnotherKind: runs[place].signature = try changes(of: author, .roster)[0].signature
        }
        let victim = try plant.enrol("L4")
        let outcome = try victim.apply(runs + others, kind: .data)
        guard case .invalid = outcome.problem else {
            Issue.record("\(outcome)")
            return
        }
        let held = VersionVector(try victim.vector(of: .data))
        #expect(held[runs[0].replica] == runs[place - 1].last)
        #expect(held[others[0].replica] == others[5].last)

        // What it holds it can prove to anybody, and the rest comes from whoever tells the truth.
        let next = try plant.enrol("L5")
        #expect(try next.pull(.data, from: victim).problem == nil)
        #expect(try next.digest() == victim.digest())
        for honest in [author, other] { #expect(try victim.pull(.data, from: honest).problem == nil) }
        #expect(try next.pull(.data, from: victim).problem == nil)
        for replica in [victim, next] {
            #expect(try replica.vector(of: .data).count == 2)
            #expect(try replica.verify().fault == nil)
        }
        #expect(try next.digest() == victim.digest())
    }

    @Test("Left out between others, a signature is not missed: the last one of a run proves all before it")
    func leftOut() throws {
        let runs = try changes(of: author)
        var joined = runs[0]
        for run in runs.dropFirst() { joined.entries += run.entries }
        joined.signature = runs[5].signature
        let victim = try plant.enrol("L4")
        #expect(try victim.apply([joined], kind: .data).problem == nil)
        let next = try plant.enrol("L5")
        #expect(try next.pull(.data, from: victim).problem == nil)
        #expect(try next.digest() == author.digest())
    }

    @Test("In a roster log, too")
    func roster() throws {
        let joiner = try plant.enrol("L4")
        var runs = try changes(of: author, .roster)
        let place = runs.count - 2
        #expect(place > 1)
        (runs[place].signature, runs[place + 1].signature) = (runs[place + 1].signature, runs[place].signature)
        let token = try author.invite(as: .station, name: "L6", validForSeconds: 60, routes: [], by: "admin")
        let late = try Replica.join(
            with: token, station: "L6", in: plant.folder.folder("L6"), schema: .parts, sources: .test)
        guard case .invalid = try late.apply(runs, kind: .roster).problem else {
            Issue.record("taken")
            return
        }
        #expect(VersionVector(try late.vector(of: .roster))[runs[0].replica] == runs[place - 1].last)
        try author.pull(.roster, from: late)
        #expect(try late.pull(.roster, from: joiner).problem == nil)
        #expect(try late.pull(.roster, from: author).problem == nil)
        #expect(try late.roster().digest == author.roster().digest)
    }
}
