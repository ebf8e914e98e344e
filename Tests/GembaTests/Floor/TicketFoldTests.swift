import GembaCausality
import GembaFloor
import Testing

@Suite("Ticket fold: scenes from the floor")
struct TicketFoldTests {
    /// A ticket that L1 reported and everybody knows of.
    private func reported(at stations: String...) -> TicketHistoryBuilder {
        var history = TicketHistoryBuilder()
        history.act(.report, at: "L1", by: "Ewa")
        for station in stations { history.deliver(from: "L1", to: station) }
        return history
    }

    @Test func `C07: of two who claimed apart the earlier leads and the other helps`() {
        var history = reported(at: "L2")
        history.act(.claim, at: "L1", by: "Marek", clock: 200)
        history.act(.claim, at: "L2", by: "Anna", clock: 100)
        #expect(history.state().responsible == "Anna")
        #expect(history.state().helpers == ["Marek"])
        #expect(history.state().phase == .acknowledged)
    }

    @Test func `C07: an assignment goes before a claim that was earlier`() {
        var history = reported(at: "L2")
        history.act(.claim, at: "L1", by: "Marek", clock: 100)
        history.act(.assign, at: "L2", by: "Lead", clock: 200) { $0.person = "Anna" }
        #expect(history.state().responsible == "Anna")
        #expect(history.state().helpers == ["Marek"])
    }

    @Test func `a claim in knowledge of another takes the ticket over`() {
        var history = reported()
        history.act(.claim, at: "L1", by: "Marek")
        history.act(.claim, at: "L1", by: "Anna")
        #expect(history.state().responsible == "Anna")
        #expect(history.state().helpers.isEmpty)
    }

    @Test func `whoever leaves gives up the claim that was known, and the other leads`() {
        var history = reported(at: "L2")
        history.act(.claim, at: "L1", by: "Marek", clock: 100)
        history.act(.claim, at: "L2", by: "Anna", clock: 200)
        history.deliver(from: "L2", to: "L1")
        history.act(.leave, at: "L1", by: "Marek")
        #expect(history.state().responsible == "Anna")
        #expect(history.state().helpers.isEmpty)
    }

    @Test func `C08: a claim outlives a withdrawal made apart, and says what is to settle`() throws {
        var history = reported(at: "L2")
        history.act(.withdraw, at: "L1", by: "Ewa") { $0.reason = WithdrawalReason.mistake.rawValue }
        history.act(.claim, at: "L2", by: "Marek")
        let state = history.state()
        #expect(state.phase == .acknowledged)
        #expect(state.responsible == "Marek")
        let words = try #require(state.unsettled.first).words
        #expect(words == "Ewa withdrew this (mistake) while Marek took it. Withdraw it all the same?")
    }

    @Test func `a withdrawal stands against acts that the same person made elsewhere`() {
        var history = reported(at: "L2")
        history.act(.withdraw, at: "L1", by: "Ewa")
        history.act(.claim, at: "L2", by: "Ewa")
        #expect(history.state().phase == .withdrawn)
        #expect(!history.state().isUnsettled)
    }

    @Test func `a lapsed withdrawal is settled by a restore, or by withdrawing in knowledge of it all`() {
        var history = reported(at: "L2")
        history.act(.withdraw, at: "L1", by: "Ewa")
        history.act(.claim, at: "L2", by: "Marek")
        history.deliver(from: "L2", to: "L1")
        var restored = history
        restored.act(.restore, at: "L1", by: "Ewa")
        #expect(restored.state().phase == .acknowledged)
        #expect(!restored.state().isUnsettled)
        history.act(.withdraw, at: "L1", by: "Ewa")
        #expect(history.state().phase == .withdrawn)
        #expect(!history.state().isUnsettled)
    }

    @Test func `a later act does not revive a withdrawn ticket silently but is remarked`() {
        var history = reported(at: "L2")
        history.act(.withdraw, at: "L1", by: "Ewa")
        history.deliver(from: "L1", to: "L2")
        history.act(.start, at: "L2", by: "Marek")
        let state = history.state()
        #expect(state.phase == .withdrawn)
        #expect(state.remarks.map(\.words).contains("Marek went on (start) after Ewa had withdrawn it. Restore it?"))
        history.act(.restore, at: "L2", by: "Marek") { $0.text = "it is real" }
        #expect(history.state().phase == .working)
    }

    @Test func `C10: a ticket resolved again while it was reopened is open, and keeps both`() {
        var history = reported()
        history.act(.resolve, at: "L1", by: "Marek")
        history.deliver(from: "L1", to: "L2")
        history.act(.reopen, at: "L2", by: "Ewa") { $0.text = "again at 14:05" }
        history.act(.resolve, at: "L1", by: "Piotr") { ($0.code, $0.did) = ("restart", "restarted") }
        let state = history.state()
        #expect(state.phase == .raised)
        #expect(state.isReopened)
        #expect(state.remarks.map(\.words).contains("Piotr resolved it while Ewa reopened it: “again at 14:05”."))
    }

    @Test func `C11: a ticket resolved twice apart is resolved once, with both accounts`() {
        var history = reported(at: "L2")
        history.act(.resolve, at: "L1", by: "Marek")
        history.act(.resolve, at: "L2", by: "Piotr")
        #expect(history.state().phase == .resolved)
        #expect(history.state().resolutions.map(\.person) == ["Marek", "Piotr"])
        #expect(history.state().mayCloseByItself)
    }

    @Test func `C12: a ticket resolved while somebody waited for a part asks whether it is done`() throws {
        var history = reported(at: "L2")
        history.act(.hold, at: "L1", by: "Piotr") { $0.reason = HoldReason.part.rawValue }
        history.act(.resolve, at: "L2", by: "Marek")
        let state = history.state()
        #expect(state.phase == .resolved)
        #expect(!state.mayCloseByItself)
        let words = try #require(state.unsettled.first).words
        #expect(words == "Piotr was still waiting for a part when this was resolved by Marek. Really done?")
    }

    @Test func `a confirmation in knowledge of a doubt closes the ticket over it`() {
        var history = reported(at: "L2", "L3")
        history.act(.raise, at: "L1", by: "Ewa")
        history.act(.resolve, at: "L2", by: "Marek")
        history.deliver(from: "L1", to: "L3")
        history.deliver(from: "L2", to: "L3")
        history.act(.confirm, at: "L3", by: "Jan")
        #expect(history.state().phase == .closed)
        #expect(!history.state().isUnsettled)
    }

    @Test func `M3: a doubt that the confirmer's station held and did not show counts as unseen`() {
        var history = reported(at: "L2")
        history.act(.resolve, at: "L2", by: "Marek")
        history.deliver(from: "L2", to: "L1")
        let doubt = history.act(.stillBroken, at: "L2", by: "Ewa")
        history.deliver(from: "L2", to: "L1")
        history.act(.confirm, at: "L1", by: "Jan") { $0.unread = [doubt.id] }
        #expect(history.state().phase == .resolved)
        #expect(history.state().isUnsettled)
    }

    @Test func `a doubt of an earlier round that nobody saw still keeps the ticket from closing`() {
        var history = reported(at: "L2")
        history.act(.resolve, at: "L1", by: "Marek")
        history.deliver(from: "L1", to: "L2")
        history.act(.raise, at: "L2", by: "Ewa") { $0.text = "line stopped" }
        history.act(.reopen, at: "L1", by: "Jan")
        history.act(.resolve, at: "L1", by: "Marek")
        history.act(.confirm, at: "L1", by: "Jan")
        #expect(history.state(at: "L1").phase == .closed)
        #expect(history.state().phase == .resolved)
        #expect(history.state().isUnsettled)
    }

    @Test func `a reopening lets holds lapse and needs a new acknowledgement; who was responsible stays`() {
        var history = reported()
        history.act(.claim, at: "L1", by: "Marek")
        history.act(.hold, at: "L1", by: "Marek")
        history.act(.resolve, at: "L1", by: "Marek")
        history.act(.reopen, at: "L1", by: "Ewa")
        let state = history.state()
        #expect(state.phase == .raised)
        #expect(state.openHolds.isEmpty)
        #expect(state.responsible == "Marek")
    }

    @Test func `two reopenings of one round begin one round, a third after them the next`() {
        var history = reported()
        history.act(.resolve, at: "L1")
        history.deliver(from: "L1", to: "L2")
        history.act(.reopen, at: "L1")
        history.act(.reopen, at: "L2")
        #expect(history.state().round == 1)
        history.deliver(from: "L2", to: "L1")
        history.act(.resolve, at: "L1")
        history.act(.reopen, at: "L1")
        #expect(history.state().round == 2)
    }

    @Test func `a confirmation that met a reopening is settled once somebody who knows of both goes on`() {
        var history = reported()
        history.act(.resolve, at: "L1")
        history.deliver(from: "L1", to: "L2")
        history.act(.confirm, at: "L1", by: "Jan")
        history.act(.reopen, at: "L2", by: "Ewa")
        #expect(history.state().isUnsettled)
        history.deliver(from: "L1", to: "L2")
        history.act(.acknowledge, at: "L2", by: "Marek")
        #expect(history.state().phase == .acknowledged)
        #expect(!history.state().isUnsettled)
    }

    @Test func `one of two holds ended leaves the other, and an end that names none ends those that were known`() {
        var history = reported(at: "L2")
        let part = history.act(.hold, at: "L1") { $0.reason = "part" }
        let vendor = history.act(.hold, at: "L2") { $0.reason = "vendor" }
        history.act(.unhold, at: "L1") { $0.refersTo = part.id }
        #expect(history.state().openHolds == [vendor])
        history.act(.unhold, at: "L1")
        #expect(history.state().openHolds == [vendor])
        history.act(.unhold, at: "L2")
        #expect(history.state().phase == .raised)
    }

    @Test func `acts of one change count in the order of their steps`() throws {
        var history = reported()
        let template = history.act(.note, at: "L1", by: "import")
        let kinds: [TicketActKind] = [.start, .hold, .unhold, .resolve, .confirm]
        let acts = kinds.enumerated().map { step, kind in
            var act = template
            act.id = RowID(rawValue: UInt128(100 - step))
            act.kind = kind
            act.details.step = Int64(step + 1)
            return act
        }
        let state = TicketFold.state(of: acts.shuffled()) { history.hasSeen($0, by: $1) }
        #expect(state.phase == .closed)
        #expect(state.openHolds.isEmpty)
    }

    @Test func `M13: an act that lacks inputs counts and is flagged`() {
        var history = reported()
        let hold = history.act(.hold, at: "L1", by: "Piotr")
        let state = history.state()
        #expect(state.phase == .waiting)
        #expect(
            state.remarks == [.incomplete(hold, missing: ["the reason", "what is needed, or until when"])])
    }

    @Test func `an act of an unknown kind changes nothing and is shown as such`() {
        var history = reported()
        let before = history.state()
        let strange = history.act(TicketActKind(rawValue: 4711), at: "L1", by: "Ewa")
        var after = history.state()
        #expect(after.remarks == [.unknown(strange)])
        #expect(strange.kind.name == "act-4711")
        after.remarks = before.remarks
        #expect(after == before)
    }

    @Test func `codes of acts are never moved`() {
        let codes = TicketActKind.known.map { "\($0.rawValue) \($0.name)" }
        #expect(
            codes == [
                "1 report", "2 ack", "3 start", "4 note", "5 claim", "6 assign", "7 help", "8 leave", "9 hold",
                "10 unhold", "11 assess", "12 raise", "13 still-broken", "14 resolve", "15 confirm", "16 reopen",
                "17 withdraw", "18 restore", "19 amend",
            ])
    }
}
