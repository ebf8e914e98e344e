import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("G14: entries that are small and have large contents")
struct LargeContentTests {
    @Test("are merged a few at a time, with the result that they have one by one")
    func pieces() throws {
        let plant = try TestPlant()
        let station = try plant.enrol("L1")
        let other = try plant.enrol("L2")
        try other.pull(.roster, from: plant.founder)
        var log = try HandWrittenLog(of: station, witness: plant.founder)
        var single: [Run] = []
        // Ten times six megabytes of one letter are some kilobytes of log, and more than is gathered at once.
        for number in 1...10 as ClosedRange<UInt128> {
            let name = String(repeating: Character(UnicodeScalar(UInt8(96 + number))), count: 6 << 20)
            try log.append(
                [
                    RowOperation(
                        table: TableID(rawValue: 1), row: RowID(rawValue: number), verb: .insert,
                        effects: [
                            Effect(group: GroupID(rawValue: 1), content: .register(replaces: [], values: [.text(name)]))
                        ])
                ], at: HybridTimestamp(rawValue: UInt64(number)))
            single.append(log.run)
        }
        #expect(log.run.entryBytes < 100_000, "\(log.run.entryBytes)")
        let outcome = try plant.founder.apply([log.run], kind: .data)
        #expect(outcome.problem == nil && outcome.entryCount == 11 && outcome.quarantinedCount == 0)
        for run in single { #expect(try other.apply([run], kind: .data).problem == nil) }
        #expect(try plant.founder.digest() == other.digest())
        // What was stored in pieces is passed on whole.
        let third = try plant.enrol("L3")
        #expect(try third.pull(.data, from: plant.founder).problem == nil)
        #expect(try third.digest() == other.digest())
    }
}
