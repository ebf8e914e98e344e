import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("L1, L4: a run is verified before anything in it is believed")
struct VerifiedRunTests {
    private var builder: PlantBuilder

    init() throws {
        builder = try PlantBuilder(seed: 21)
        for _ in 0..<4 { _ = try builder.invite() }
    }

    private func run(from first: Int = 0) -> Run { builder.logs[0].run(from: first, plant: builder.plant) }

    private func predecessor(of first: Int) -> VerifiedRun.Predecessor? {
        first == 0 ? nil : .init(hash: builder.logs[0].hashes[first - 1], station: builder.key(0))
    }

    private func verify(
        _ run: Run, kind: LogKind = .roster, plant: PlantID? = nil, after predecessor: VerifiedRun.Predecessor? = nil
    ) throws(TrustError) -> VerifiedRun {
        try VerifiedRun(verifying: run, kind: kind, plant: plant ?? builder.plant, after: predecessor)
    }

    @Test("A run is verified from the genesis and from every later entry", arguments: 0..<5)
    func valid(first: Int) throws {
        let verified = try verify(run(from: first), after: predecessor(of: first))
        #expect(verified.entries.map(\.hash) == Array(builder.logs[0].hashes[first...]))
        #expect(verified.head.reference == builder.tip(0))
        #expect(verified.station == builder.key(0))
        #expect((verified.genesis != nil) == (first == 0))
    }

    @Test("Every flipped bit of every entry and of the signature is refused", arguments: [0, 2])
    func flipped(first: Int) {
        let run = run(from: first)
        for index in run.entries.indices {
            // A different bit of each byte; the whole run is covered by the chain.
            for byte in run.entries[index].indices {
                var forged = run
                forged.entries[index][byte] ^= 1 << UInt8((byte + index) % 8)
                #expect(throws: TrustError.self) { try verify(forged, after: predecessor(of: first)) }
            }
        }
        for byte in run.signature.indices {
            var forged = run
            forged.signature[byte] ^= 1 << UInt8(byte % 8)
            #expect(throws: TrustError.self) { try verify(forged, after: predecessor(of: first)) }
        }
    }

    @Test("Entries left out, repeated, reordered or put elsewhere are refused")
    func rearranged() {
        var runs = [Run](repeating: run(from: 1), count: 6)
        runs[0].entries.removeFirst()
        runs[1].entries.removeLast()
        runs[2].entries.append(runs[2].entries[0])
        runs[3].entries.swapAt(0, 1)
        runs[4].first = 2
        runs[5].entries = []
        for run in runs {
            #expect(throws: TrustError.self) { try verify(run, after: predecessor(of: 1)) }
        }
    }

    @Test("A run that does not follow what is held is refused")
    func gap() {
        #expect(throws: TrustError.self) { try verify(run(from: 2), after: predecessor(of: 1)) }
        #expect(throws: TrustError.self) { try verify(run(from: 2)) }
        #expect(throws: TrustError.self) { try verify(run(), after: predecessor(of: 1)) }
        var forged = run(from: 2)
        forged.previous = HashPrefix(rawValue: 1)
        #expect(throws: TrustError.self) { try verify(forged, after: predecessor(of: 2)) }
    }

    @Test("Another replica's name, another kind of log and another plant are refused")
    func elsewhere() {
        var forged = run()
        forged.replica = ReplicaID(rawValue: 1)
        #expect(throws: TrustError.self) { try verify(forged) }
        forged = run(from: 1)
        forged.replica = ReplicaID(rawValue: 1)
        #expect(throws: TrustError.self) { try verify(forged, after: predecessor(of: 1)) }
        #expect(throws: TrustError.self) { try verify(run(), kind: .data) }
        let other = PlantID(rawValue: .init(high: 1, low: 1))
        #expect(throws: TrustError.self) { try verify(run(), plant: other) }
        #expect(throws: TrustError.self) { try verify(run(from: 1), plant: other, after: predecessor(of: 1)) }
    }

    @Test("A head by another station is refused")
    func otherSigner() {
        let other = VerifiedRun.Predecessor(
            hash: builder.logs[0].hashes[0], station: StationIdentity.generate().stationKey)
        #expect(throws: TrustError.self) { try verify(run(from: 1), after: other) }
    }

    @Test("A genesis that names a small-order station key is refused")
    mutating func smallOrder() throws {
        let station = builder.stranger()
        let genesis = Genesis(
            kind: .roster, plant: builder.plant, station: StationKey(rawValue: .init(high: 0, low: 0)),
            random: builder.bytes(16), incarnation: 1)
        builder.join(as: station, genesis: genesis, acts: [])
        let error = #expect(throws: TrustError.self) { try verify(builder.log(station).run(plant: builder.plant)) }
        #expect(error?.code == .invalidRun)
    }

    @Test("A roster entry that is sealed or compressed is refused")
    func notClear() throws {
        let log = builder.logs[0]
        var entry = log.entries[1]
        entry.seal = SealParameters(epoch: EpochID(rawValue: 1), nonce: [UInt8](repeating: 0, count: 12))
        let hash = entry.hash(replica: log.replica, sequence: 1, previous: log.hashes[0])
        let head = log.signer.signHead(replica: log.replica, sequence: 1, hash: hash, plant: builder.plant)
        let run = Run(
            replica: log.replica, first: 1, previous: log.hashes[0].prefix, entries: [entry.encoded()],
            signature: head.signature)
        #expect(throws: TrustError.self) { try verify(run, after: predecessor(of: 1)) }
    }
}
