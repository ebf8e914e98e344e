import GembaSimulation
import Testing

@Suite("G9: nobody is made to believe what its author did not say")
struct MutantTests {
    @Test("Of 24,000 mutants of runs, packs, bodies, streams, heads and manifests none is believed", arguments: 0..<8)
    func mutants(block: UInt64) throws {
        let trial = try MutantTrial(seed: 1)
        let tally = trial.run(block * 3000..<(block + 1) * 3000)
        #expect(tally.deceptions.isEmpty)
        #expect(tally.mutants > 2900, "\(tally)")
        // Both kinds of outcome occur, or the mutations would be too coarse or too fine to say anything.
        #expect(tally.refused > 1500 && tally.harmless > 20, "\(tally)")
    }

    @Test("Every single bit of a change of 4 KiB counts", arguments: MutantTrial.Whereabouts.allCases)
    func bits(whereabouts: MutantTrial.Whereabouts) throws {
        let tally = try MutantTrial(seed: 2).flipEveryBit(whereabouts)
        #expect(tally.deceptions.isEmpty)
        #expect(tally.refused == tally.mutants)
        #expect(tally.mutants > 32_768, "\(tally)")
    }

    @Test("What the authors did say is believed in every form", arguments: 0..<20)
    func canary(seed: UInt64) throws {
        #expect(try MutantTrial(seed: 3).believesSamples(seed: seed))
    }
}
