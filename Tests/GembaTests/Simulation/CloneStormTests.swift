import GembaSimulation
import Testing

@Suite("Disks that are put back and copied, over and over (G8)")
struct CloneStormTests {
    @Test("one name stands for one history, nothing is applied twice, nobody gets stuck", arguments: UInt64(1)...8)
    func storm(seed: UInt64) throws {
        let counts = try CloneStorm(seed: seed, disasters: 40).run()
        #expect(counts.disasters >= 40)
        #expect(counts.comparisons > 0)
    }

    @Test("forks really come about")
    func isStormy() throws {
        let counts = try CloneStorm(seed: 9, disasters: 60).run()
        #expect(counts.branches > 2)
        #expect(counts.restoredFolders > 0 && counts.twins > 0 && counts.clones > 0 && counts.restoredDatabases > 0)
    }
}
