import GembaSimulation
import Testing

@Suite("Changes spread in large plants", .timeLimit(.minutes(10)))
struct SpreadTests {
    /// A plant that is small enough for a test and large enough for a tree.
    static func options(_ seed: UInt64, nodes: Int = 30) -> SpreadOptions {
        var options = SpreadOptions(seed: seed, nodes: nodes)
        options.duration = 30_000
        return options
    }

    @Test("along a tree every entry comes to every node once, in an order in which it can be applied")
    func calm() {
        let report = SpreadSimulation(Self.options(1)).run()
        #expect(report.missing == 0 && report.leftOut == 0, "\(report)")
        #expect(report.deliveries < 1.05, "\(report)")
        #expect(report.rounds == 0, "\(report)")
        // What is written in 30 s and spreads over a few links of at most 40 ms.
        #expect(report.spreadTime.greatest < 1_000, "\(report)")
    }

    @Test("without the tree it comes over most links that a node has")
    func flooding() {
        var options = Self.options(1)
        options.isFlooding = true
        let report = SpreadSimulation(options).run()
        #expect(report.missing == 0, "\(report)")
        #expect(report.deliveries > 2, "\(report)")
    }

    @Test("whatever is lost, and whoever dies or takes nothing in, all others get everything", arguments: UInt64(1)...3)
    func troubled(seed: UInt64) {
        for (loss, trouble) in [
            (0.02, SpreadOptions.Trouble.none), (0.1, .none), (0, .crash), (0.02, .crash), (0, .full),
        ] {
            var options = Self.options(seed)
            options.loss = loss
            options.trouble = trouble
            let report = SpreadSimulation(options).run()
            #expect(report.missing == 0, "\(report)")
        }
    }

    @Test("Where nobody asks for what does not come, nodes behind a full disk get nothing, and a run shows it")
    func plantedBug() {
        let missing = (UInt64(1)...5).map { seed in
            var options = Self.options(seed)
            options.trouble = .full
            options.neverGrafts = true
            options.patience = 20_000
            return SpreadSimulation(options).run().missing
        }
        #expect(missing.contains { $0 > 0 }, "\(missing)")
    }

    @Test("The same seed gives the same run")
    func deterministic() {
        var options = Self.options(7, nodes: 20)
        options.loss = 0.05
        options.trouble = .crash
        let reports = (0..<2).map { _ in SpreadSimulation(options).run().description }
        #expect(reports[0] == reports[1])
    }
}
