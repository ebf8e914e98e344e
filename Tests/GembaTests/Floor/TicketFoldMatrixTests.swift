import Foundation
import GembaCausality
import GembaFloor
import Testing

/// One line of the table of concurrent acts.
private struct MatrixLine: CustomTestStringConvertible {
    var base: String
    var acts: [TicketActKind]
    var expected: String

    var testDescription: String { "\(base): \(acts[0]) ‖ \(acts[1])" }

    static let all: [MatrixLine] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/fold-matrix.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return MatrixLine(
                base: parts[0],
                acts: parts[1...2].compactMap { name in TicketActKind.known.first { $0.name == name } },
                expected: parts[3])
        }
    }()
}

@Suite("Ticket fold: every pair of concurrent acts")
struct TicketFoldMatrixTests {
    @Test func `the table holds 91 pairs from four base states`() {
        #expect(MatrixLine.all.count == 91)
        #expect(Set(MatrixLine.all.map(\.base)) == ["raised", "working", "waiting", "resolved"])
        #expect(MatrixLine.all.allSatisfy { $0.acts.count == 2 })
    }

    @Test(arguments: MatrixLine.all)
    private func `two acts done apart make the state that the table gives`(line: MatrixLine) {
        for order in [line.acts, line.acts.reversed()] {
            var history = TicketHistoryBuilder()
            let hold = Self.lay(line.base, in: &history)
            history.deliver(from: "L1", to: "L2")
            history.deliver(from: "L1", to: "L3")
            for (kind, station) in zip(order, ["L2", "L3"]) {
                history.act(kind, at: station) { if kind == .unhold { $0.refersTo = hold?.id } }
            }
            let state = history.state()
            let shown =
                state.phase.rawValue + (state.isReopened ? " reopened" : "") + (state.isUnsettled ? " unsettled" : "")
            #expect(shown == line.expected, "\(state.unsettled.map(\.words))")
            #expect(TicketFold.state(of: history.acts.reversed()) { history.hasSeen($0, by: $1) } == state)
        }
    }

    /// Makes the base state at L1, and returns its hold where it has one.
    private static func lay(_ base: String, in history: inout TicketHistoryBuilder) -> TicketAct? {
        history.act(.report, at: "L1")
        guard base != "raised" else { return nil }
        history.act(.acknowledge, at: "L1")
        history.act(.start, at: "L1")
        switch base {
        case "waiting": return history.act(.hold, at: "L1") { $0.reason = HoldReason.part.rawValue }
        case "resolved": history.act(.resolve, at: "L1")
        default: break
        }
        return nil
    }
}
