import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

/// Rules A4 to A9 of the specification, at the session.
@Suite("The comparison of rows")
struct RowComparisonTests {
    private static let basis = AgreementBasis(
        data: HashPrefix(rawValue: 1), roster: HashPrefix(rawValue: 2), epoch: nil)
    private static let root = RowFingerprint(rawValue: 77)

    /// A session that found nothing to stream, with a peer that compares rows.
    private func probe(_ capabilities: UInt64 = Hello.agreement, standing: SessionStanding = .members) -> SessionProbe {
        var probe = SessionProbe(standing: standing)
        probe.start()
        var hello = SessionProbe.hello()
        hello.capabilities = capabilities
        probe.receive(.hello(hello))
        probe.agree(on: .roster)
        probe.agree(on: .data)
        return probe
    }

    private func begun() -> SessionProbe {
        var probe = probe()
        probe.input { $0.beginComparison(Self.basis, root: Self.root, at: $1) }
        return probe
    }

    private func questions(_ probe: SessionProbe) -> [CompareMessage] {
        probe.messages.compactMap { if case .compare(let question) = $0 { question } else { nil } }
    }

    private func statements(_ probe: SessionProbe) -> [StatementMessage] {
        probe.messages.compactMap { if case .statement(let statement) = $0 { statement } else { nil } }
    }

    private func requests(_ probe: SessionProbe) -> [RowRequest] {
        probe.actions.compactMap { if case .consultRows(_, let request) = $0 { request } else { nil } }
    }

    private func verdicts(_ probe: SessionProbe) -> [AgreementVerdict] {
        probe.actions.compactMap { if case .rowsCompared(_, let verdict) = $0 { verdict } else { nil } }
    }

    private func answer(_ probe: inout SessionProbe, _ content: StatementMessage.Content?) {
        let number = questions(probe).last?.number ?? 0
        probe.receive(.statement(StatementMessage(number: number, content: content)))
    }

    /// Sixteen fingerprints, one of which is another.
    private func children(_ digit: Int? = nil) -> RangeStatement {
        .children((0..<16).map { RowFingerprint(rawValue: $0 == digit ? 99 : UInt128($0)) })
    }

    private func row(_ number: UInt128, _ fingerprint: UInt128?) -> RangeStatement.Row {
        .init(key: Self.key(number), fingerprint: fingerprint.map(RowFingerprint.init(rawValue:)))
    }

    private static func key(_ number: UInt128) -> RowKey { RowKey(table: 1, row: RowID(rawValue: number)) }

    private func report(_ probe: inout SessionProbe, _ report: RowReport?) {
        guard let request = requests(probe).last else { return }
        probe.input { $0.onRows(report, to: request, at: $1) }
    }

    @Test("Only peers that compare rows, hold the same and are members are asked (A4)")
    func condition() {
        #expect(!probe(Hello.backfill).session.mayCompareRows)
        #expect(!probe(standing: .strangerPeer).session.mayCompareRows)
        var other = probe()
        #expect(other.session.mayCompareRows)
        other.outcome = nil
        other.receive(SessionProbe.batch())
        other.input { $0.beginComparison(Self.basis, root: Self.root, at: $1) }
        // Changes that wait to be applied go before.
        #expect(questions(other).isEmpty)
        other.input { $0.onApplied(.advanced([]), of: .data, at: $1) }
        #expect(questions(other).count == 1)
    }

    @Test("Peers that agree say so with one question")
    func agreement() {
        var probe = begun()
        #expect(questions(probe).map(\.subject) == [.ranges([.init(range: .all, fingerprint: Self.root)])])
        #expect(questions(probe)[0].basis == Self.basis && !probe.session.mayCompareRows)
        answer(&probe, .ranges([]))
        #expect(verdicts(probe) == [.equal] && questions(probe).count == 1 && probe.session.mayCompareRows)
    }

    @Test("A difference is narrowed down to the row, which is made anew and asked about (A7, A8, A9)")
    func narrowing() {
        var probe = begun()
        let theirs = [StatedRange(range: .all, statement: children(7))]
        answer(&probe, .ranges(theirs))
        #expect(requests(probe) == [.ranges(theirs)])
        report(&probe, .ranges([StatedRange(range: .all, statement: children())]))
        let seven = RowRange.all.child(7)
        #expect(questions(probe)[1].subject == .ranges([.init(range: seven, fingerprint: RowFingerprint(rawValue: 7))]))
        answer(
            &probe,
            .ranges([StatedRange(range: seven, statement: .rows([row(1, 1), row(2, 2), row(4, 4), row(5, nil)]))]))
        report(
            &probe,
            .ranges([StatedRange(range: seven, statement: .rows([row(1, 1), row(2, 9), row(3, 3), row(5, 5)]))]))
        // Row 5 is not understood by the peer, and so says nothing.
        let differing = [2, 3, 4].map { Self.key($0) }
        #expect(requests(probe).last == .replay(differing))
        let repaired = RowDifference(key: Self.key(2), ours: [1], other: [2])
        report(&probe, .replayed([repaired]))
        #expect(questions(probe).last?.subject == .rows(differing))
        answer(&probe, .rows(differing.map { StatedRow(key: $0, state: [UInt8($0.row.rawValue)]) }))
        #expect(requests(probe).last == .states(differing))
        report(
            &probe,
            .states([
                .init(key: Self.key(2), state: [2]), .init(key: Self.key(3), state: [3]),
                .init(key: Self.key(4), state: []),
            ]))
        #expect(
            verdicts(probe) == [
                .different(
                    AgreementFindings(
                        rows: differing, repaired: [repaired],
                        unexplained: [RowDifference(key: Self.key(4), ours: [], other: [4])], isPartial: false))
            ])
        #expect(questions(probe).map(\.number) == [1, 2, 3])
    }

    @Test("When either side holds something else by now, nothing is concluded (A5)")
    func movement() {
        var probe = begun()
        answer(&probe, nil)
        #expect(verdicts(probe) == [.unknown])
        probe = begun()
        answer(&probe, .ranges([StatedRange(range: .all, statement: children(3))]))
        report(&probe, nil)
        #expect(verdicts(probe) == [.unknown] && probe.session.mayCompareRows)
    }

    @Test("A lost question is asked again as it was, an answer to another is dropped, and silence ends it (A6)")
    func loss() {
        var probe = begun()
        for _ in 0..<60 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
        }
        #expect(questions(probe).count == 2 && questions(probe)[0] == questions(probe)[1])
        probe.receive(.statement(StatementMessage(number: 9, content: .ranges([]))))
        #expect(verdicts(probe).isEmpty)
        for _ in 0..<700 {
            probe.tick(after: 200)
            probe.receive(SessionProbe.pulse())
        }
        #expect(verdicts(probe) == [.unknown] && questions(probe).count < 10)
    }

    @Test("A peer that says what was not asked breaks the rules (A7)")
    func contradiction() {
        var probe = begun()
        answer(&probe, .ranges([StatedRange(range: RowRange.all.child(1), statement: children())]))
        #expect(probe.byes.map(\.code) == [.malformedFrame])
        probe = begun()
        answer(&probe, .rows([StatedRow(key: Self.key(1), state: [])]))
        #expect(probe.byes.map(\.code) == [.malformedFrame])
    }

    @Test("A peer that never agrees costs a bounded number of questions, and what is open stays short")
    func endless() {
        var probe = begun()
        let limits = SessionLimits()
        for _ in 0..<2 * limits.comparisonQuestions where verdicts(probe).isEmpty {
            guard case .ranges(let asked) = questions(probe).last?.subject else { break }
            let deeper = asked.filter { $0.range.count < RowRange.greatestCount }
            answer(&probe, .ranges(deeper.map { StatedRange(range: $0.range, statement: children()) }))
            let other = RangeStatement.children((0..<16).map { RowFingerprint(rawValue: 500 + $0) })
            report(&probe, .ranges(deeper.map { StatedRange(range: $0.range, statement: other) }))
        }
        #expect(verdicts(probe) == [.unknown])
        #expect(questions(probe).count == limits.comparisonQuestions)
    }

    @Test("Many differing rows are asked about sixteen at a time, and no more than so many are looked for")
    func many() {
        var probe = begun()
        let limits = SessionLimits()
        let rows = (0..<UInt128(limits.foundRows) + 1).map { row($0, $0) }
        answer(&probe, .ranges([StatedRange(range: .all, statement: .rows(rows))]))
        report(&probe, .ranges([StatedRange(range: .all, statement: .rows([]))]))
        report(&probe, .replayed([]))
        while case .rows(let asked) = questions(probe).last?.subject, verdicts(probe).isEmpty {
            #expect(asked.count <= Limits.comparedRows)
            answer(&probe, .rows(asked.map { StatedRow(key: $0, state: []) }))
            report(&probe, .states(asked.map { StatedRow(key: $0, state: []) }))
        }
        guard case .different(let findings) = verdicts(probe).first else {
            Issue.record("they differ")
            return
        }
        #expect(findings.rows.count == limits.foundRows + 1 && findings.isPartial && findings.unexplained.isEmpty)
    }

    @Test("Questions are answered one at a time and no faster than the pace, and a stranger's not at all (A4)")
    func answering() {
        var probe = probe()
        let limits = SessionLimits()
        let question = CompareMessage(
            number: 1, basis: Self.basis, subject: .ranges([.init(range: .all, fingerprint: Self.root)]))
        for _ in 0..<10 { probe.receive(.compare(question)) }
        #expect(requests(probe) == [.answer(question.subject)])
        for _ in 0..<100 {
            report(&probe, .answer(.ranges([StatedRange(range: .all, statement: children())])))
            probe.receive(.compare(question))
        }
        #expect(requests(probe).count == limits.rangeBurst && verdicts(probe).isEmpty)
        #expect(statements(probe).allSatisfy { $0.number == 1 && $0.content != nil })
        var rows = self.probe()
        let costly = CompareMessage(number: 1, basis: Self.basis, subject: .rows([Self.key(1)]))
        for _ in 0..<100 {
            rows.receive(.compare(costly))
            report(&rows, .answer(.rows([StatedRow(key: Self.key(1), state: [])])))
        }
        #expect(requests(rows).count == limits.rowBurst)
        var stranger = self.probe(standing: .strangerPeer)
        stranger.receive(.compare(question))
        #expect(requests(stranger).isEmpty && statements(stranger).isEmpty)
    }

    @Test("Who tells that all is equal knows it, and who cannot tell says so")
    func answeredRoot() {
        var probe = probe()
        let question = CompareMessage(
            number: 4, basis: Self.basis, subject: .ranges([.init(range: .all, fingerprint: Self.root)]))
        probe.receive(.compare(question))
        report(&probe, .answer(.ranges([])))
        #expect(verdicts(probe) == [.equal])
        probe.receive(.compare(question))
        report(&probe, nil)
        #expect(statements(probe) == [.init(number: 4, content: .ranges([])), .init(number: 4, content: nil)])
    }
}
