import GembaCausality
import GembaFloor
import GembaSimulation
import Testing

@Suite("Ticket fold: random histories of partitions")
struct TicketFoldPropertyTests {
    private static let stations = ["L1", "L2", "L3", "IT"]
    private static let kinds: [TicketActKind] = [
        .acknowledge, .start, .note, .claim, .assign, .help, .leave, .hold, .unhold, .assess, .raise, .stillBroken,
        .resolve, .resolve, .confirm, .confirm, .reopen, .withdraw, .restore, TicketActKind(rawValue: 99),
    ]

    /// Lets stations act and meet at random, then brings everything to everybody.
    private static func history(seed: UInt64) -> TicketHistoryBuilder {
        var random = SeededGenerator(seed: seed)
        var history = TicketHistoryBuilder()
        history.act(.report, at: "L1")
        for _ in 0..<Int.random(in: 4...24, using: &random) {
            let station = stations.randomElement(using: &random) ?? "L1"
            if random.once(in: 3) {
                history.deliver(from: stations.randomElement(using: &random) ?? "L1", to: station)
            } else {
                let holds = history.acts(at: station).filter { $0.kind == .hold }
                let hold = holds.randomElement(using: &random)
                let kind = kinds.randomElement(using: &random) ?? .note
                let clock = UInt64.random(in: 0..<50, using: &random)
                let doubts = history.acts(at: station).filter(\.kind.isDoubt)
                let isHasty = random.once(in: 4)
                history.act(kind, at: station, clock: clock) { details in
                    if isHasty { details.unread = doubts.suffix(1).map(\.id) }
                    if kind == .unhold { details.refersTo = hold?.id }
                    if kind == .assign { details.person = "somebody" }
                }
            }
        }
        return history
    }

    @Test(arguments: 0..<20)
    func `every order of arrival gives one state`(block: UInt64) {
        for seed in block * 30..<(block + 1) * 30 {
            let history = Self.history(seed: seed)
            let expected = history.state()
            var random = SeededGenerator(seed: seed ^ 0xF00D)
            for _ in 0..<4 {
                let state = TicketFold.state(of: history.acts.shuffled(using: &random)) { history.hasSeen($0, by: $1) }
                #expect(state == expected, "seed \(seed)")
            }
        }
    }

    @Test(arguments: 0..<20)
    func `no history ends closed over a doubt that no confirmer had seen`(block: UInt64) {
        for seed in block * 100..<(block + 1) * 100 {
            let history = Self.history(seed: seed)
            guard history.state().phase == .closed else { continue }
            #expect(Self.doubtsNoConfirmerSaw(history).isEmpty, "seed \(seed)")
        }
    }

    /// Found without the fold: from the raw past of every confirmation, whatever its round.
    private static func doubtsNoConfirmerSaw(_ history: TicketHistoryBuilder) -> [TicketAct] {
        let confirmations = history.acts.filter { $0.kind == .confirm }
        return history.acts.filter { doubt in
            doubt.kind.isDoubt
                && !confirmations.contains {
                    history.hasSeen(doubt, by: $0) && !$0.details.unread.contains(doubt.id)
                }
        }
    }

    @Test func `canary: a ticket closed in ignorance of a doubt is found by the check`() {
        var history = TicketHistoryBuilder()
        history.act(.report, at: "L1")
        history.deliver(from: "L1", to: "L2")
        let doubt = history.act(.raise, at: "L2")
        history.act(.resolve, at: "L1")
        history.act(.confirm, at: "L1")
        #expect(history.state(at: "L1").phase == .closed)
        #expect(Self.doubtsNoConfirmerSaw(history) == [doubt])
    }

    @Test func `the random histories reach every phase, settled and unsettled, and later rounds`() {
        var reached: Set<String> = []
        for seed in 0..<1_000 as Range<UInt64> {
            let state = Self.history(seed: seed).state()
            reached.insert("\(state.phase.rawValue)\(state.isUnsettled ? " unsettled" : "")")
            if state.round > 1 { reached.insert("round 2") }
            if state.phase == .closed && state.isReopened { reached.insert("closed again") }
        }
        for phase in TicketState.Phase.allCases {
            #expect(reached.contains(phase.rawValue))
            #expect(phase == .withdrawn || reached.contains("\(phase.rawValue) unsettled"), "\(phase)")
        }
        #expect(reached.isSuperset(of: ["round 2", "closed again"]))
    }

    @Test(arguments: 0..<10)
    func `somebody answers for a ticket whenever a claim or an assignment stands`(block: UInt64) {
        for seed in block * 50..<(block + 1) * 50 {
            let history = Self.history(seed: seed)
            let state = history.state()
            #expect(!state.helpers.contains { $0 == state.responsible }, "seed \(seed)")
            let takings = history.acts.filter { [.claim, .assign].contains($0.kind) }
            let hasDepartures = history.acts.contains { $0.kind == .leave }
            if !takings.isEmpty && !hasDepartures { #expect(state.responsible != nil, "seed \(seed)") }
        }
    }
}
