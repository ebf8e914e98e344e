import GRDB
import GembaWire
import Testing

@testable import GembaGossip
@testable import GembaNode
@testable import GembaStore

@Suite("What agreement costs")
struct AgreementCostTests {
    struct Cost: Sendable {
        var questions = 0
        var bytes = 0
        var verdict = AgreementVerdict.unknown
    }

    /// Has one replica compare its rows with another's, and counts the frames of both directions.
    private func compare(_ a: Replica, with b: Replica) throws -> Cost {
        let root = try #require(try a.rowRoot())
        var cost = Cost()
        var comparison = RowComparison(limits: SessionLimits())
        comparison.begin(root.basis, root: root.fingerprint)
        var isOver = false
        while !isOver {
            var outbox = Outbox(session: SessionID(rawValue: 1))
            comparison.advance(mayAsk: true, at: Instant(), into: &outbox)
            var actions = outbox.actions[...]
            while let action = actions.popFirst() {
                var next = Outbox(session: SessionID(rawValue: 1))
                switch action {
                case .send(let frame):
                    guard case .compare(let question) = frame.message else { break }
                    let report = try b.report(on: .answer(question.subject), basis: question.basis, replayed: [:])
                        .report
                    guard case .answer(let content) = report else { break }
                    let statement = StatementMessage(number: question.number, content: content)
                    let answer = Frame(session: frame.session, message: .statement(statement)).encoded()
                    cost.questions += 1
                    cost.bytes += frame.encoded().count + answer.count
                    #expect(answer.count <= Limits.frameBytes)
                    try comparison.receive(statement, into: &next)
                case .consultRows(let basis, let request):
                    comparison.receive(try a.report(on: request, basis: basis, replayed: [:]).report, into: &next)
                case .rowsCompared(_, let verdict):
                    cost.verdict = verdict
                    isOver = true
                default: break
                }
                actions += next.actions
            }
        }
        return cost
    }

    @Test("Of 10,000 rows the differing ones are found with questions that grow with their number, and none costs one")
    func figures() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        for _ in 0..<10 {
            try a.write(by: "ewa") { tx in
                for number in 0..<1_000 {
                    try tx.insert(
                        into: "part", ["name": .text("part \(number)"), "aisle": .text("A"), "shelf": .integer(3)])
                }
            }
        }
        try a.exchange(with: b)
        _ = try b.rowRoot()
        let equal = try compare(a, with: b)
        #expect(equal.verdict == .equal && equal.questions == 1 && equal.bytes < 200)
        for (count, questions, bytes) in [(1, 6, 16 << 10), (100, 40, 256 << 10)] {
            try b.tamper(
                "UPDATE part SET name = 'x' WHERE id IN (SELECT id FROM part ORDER BY substr(id, -4) LIMIT ?)", [count])
            _ = try b.rowRoot(rescans: true)
            let cost = try compare(a, with: b)
            print("differing \(count): \(cost.questions) questions, \(cost.bytes) bytes; equal: \(equal.bytes)")
            guard case .different(let findings) = cost.verdict else {
                Issue.record("\(count) rows differ")
                continue
            }
            #expect(findings.rows.count == count && findings.unexplained.isEmpty && !findings.isPartial)
            #expect(
                cost.questions <= questions && cost.bytes <= bytes, "\(cost.questions) questions, \(cost.bytes) bytes")
            #expect(try compare(a, with: b).verdict == .equal)
        }
        #expect(try b.verify().fault == nil)
    }
}
