import Foundation
import Gemba

/// A comparison of two stations that hold the same, over a link that is open: both kinds of log, to the last frame.
///
/// Idle stations do not even do that; they exchange pulses. It is what it costs to find out that there is nothing to do.
struct IdleSync: Measurement {
    static let figures = [
        Figure("idle-sync-bytes", goal: 400, unit: .bytes, "a sync with nothing to do, at a million rows"),
        Figure("idle-sync-us", goal: 300, unit: .microseconds, "the same, time at both ends together"),
        Figure("idle-sync-bytes-10k", goal: 400, unit: .bytes, "a sync with nothing to do, at 10,000 rows"),
        Figure("idle-sync-us-10k", goal: 300, unit: .microseconds, "the same, time at both ends together"),
    ]

    private static let rounds = 50

    func run(on bench: Bench) throws {
        if bench.wants("idle-sync-bytes", "idle-sync-us") {
            let table = try bench.largeTable()
            try measure(table.open(table.author), table.open(table.receiver), suffix: "", on: bench)
        }
        if bench.wants("idle-sync-bytes-10k", "idle-sync-us-10k") {
            let folder = try bench.makeFolder("idle")
            let author = try SampleTicket.station(in: "\(folder)/author", isDurable: false)
            let receiver = try SampleTicket.station("B", beside: author, in: "\(folder)/receiver", isDurable: false)
            let tickets = SampleTicket.make(0..<10_000)
            for start in stride(from: 0, to: tickets.count, by: 1000) {
                try author.write(by: "bench") { tx in
                    for ticket in tickets[start..<start + 1000] {
                        try tx.insert(into: "ticket", id: ticket.row, ticket.values)
                    }
                }
            }
            try measure(author, receiver, suffix: "-10k", on: bench)
        }
    }

    private func measure(_ author: Replica, _ receiver: Replica, suffix: String, on bench: Bench) throws {
        let wire = try DirectWire(author, receiver)
        while !wire.isSettled { wire.advance() }
        var (bytes, times) = (Series(), Series())
        for _ in 0..<Self.rounds {
            // Long enough for the next pulse, and for the pace of comparisons.
            for _ in 0..<40 { wire.advance() }
            guard let alarm = wire.lastPulse(by: 0).map(Self.alarm) else { preconditionFailure("no pulse was sent") }
            wire.deliver(alarm, to: 1)
            wire.forgetCounts()
            // The second one that says so opens a comparison of both kinds of log.
            times.time {
                wire.deliver(alarm, to: 1)
                wire.carry()
            }
            precondition(wire.isSettled && wire.frames >= 5, "nothing was compared")
            bytes.add(Double(wire.bytes))
        }
        bench.add("idle-sync-bytes\(suffix)", bytes, remark: "frames in both directions")
        bench.add("idle-sync-us\(suffix)", times.over(1e-6), remark: "without sockets")
    }

    /// A pulse by the same sender that says that more was sent than has arrived.
    private static func alarm(_ frame: Frame) -> Frame {
        guard case .pulse(var pulse) = frame.message else { preconditionFailure("not a pulse") }
        pulse.roster.sent += 1
        pulse.data.sent += 1
        return Frame(session: frame.session, message: .pulse(pulse))
    }
}
