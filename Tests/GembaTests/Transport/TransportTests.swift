import GembaCausality
import GembaNode
import GembaWire
import Testing

/// What every transport must do, as `Transport` says it.
@Suite("A transport", .timeLimit(.minutes(15)))
struct TransportTests {
    @Test("opens a link on both sides, and each knows the other's key (S2)", arguments: Conformer.allCases)
    func opens(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            line.dial(office)
            let near = try await line.opened()
            let far = try await office.opened()
            #expect(near.peer == office.key)
            #expect(near.direction == .dialled(office.endpoint))
            #expect(far.peer == line.key)
            #expect(far.direction == .accepted)
        }
    }

    @Test("carries frames both ways and keeps their order", arguments: Conformer.allCases)
    func carries(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            let count = 200
            async let there: Void = {
                for number in 0..<count { try await line.send(frame(number, bytes: 1 + number * 100), on: near) }
            }()
            async let back: Void = {
                for number in 0..<count { try await office.send(frame(number, bytes: 1 + number * 50), on: far) }
            }()
            for number in 0..<count {
                #expect(try await office.received(on: far) == frame(number, bytes: 1 + number * 100))
                #expect(try await line.received(on: near) == frame(number, bytes: 1 + number * 50))
            }
            _ = try await (there, back)
        }
    }

    @Test("carries the longest frame, and refuses a longer or an empty one", arguments: Conformer.allCases)
    func bounds(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            #expect(!line.transport.send(frame(7, bytes: Limits.frameBytes + 1), on: near))
            #expect(!line.transport.send([], on: near))
            #expect(line.transport.send(frame(7, bytes: Limits.frameBytes), on: near))
            #expect(try await office.received(on: far) == frame(7, bytes: Limits.frameBytes))
            #expect(office.transport.send(frame(8, bytes: Limits.frameBytes), on: far))
            #expect(try await line.received(on: near) == frame(8, bytes: Limits.frameBytes))
        }
    }

    @Test("sends nothing on a link that is not its own", arguments: Conformer.allCases)
    func foreignLink(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            #expect(!line.transport.send([1], on: far))
            #expect(!line.transport.send([1], on: .unused()))
            line.transport.close(far)
            #expect(line.transport.send([2], on: near))
            #expect(try await office.received(on: far) == [2])
        }
    }

    @Test("lets a stranger into the lobby (T7)", arguments: Conformer.allCases)
    func lobby(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, joiner) = (try await bench.listener(), try bench.dialler())
            office.judge(joiner.key, .lobby)
            let (near, far) = try await link(joiner, office)
            #expect(joiner.transport.send([1, 2, 3], on: near))
            #expect(try await office.received(on: far) == [1, 2, 3])
        }
    }

    @Test("refuses a revoked key, which goes on trying until it is welcome (T7)", arguments: Conformer.allCases)
    func refusal(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, thief) = (try await bench.listener(), try bench.dialler())
            office.judge(thief.key, .refused)
            thief.dial(office)
            try await office.log.asked(about: thief.key, times: 2)
            try await office.refused(.connection)
            #expect(thief.log.openings == 0)
            #expect(office.log.openings == 0)
            office.judge(thief.key, .member)
            #expect(try await thief.opened().peer == office.key)
            #expect(try await office.opened().peer == thief.key)
        }
    }

    @Test("cuts a link whose key goes from the lobby to refused, for good", arguments: Conformer.allCases)
    func expulsion(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, guest) = (try await bench.listener(), try bench.dialler())
            office.judge(guest.key, .lobby)
            let (near, far) = try await link(guest, office)
            let asked = office.log.timesAsked(about: guest.key)
            office.judge(guest.key, .refused)
            office.transport.close(far)
            try await office.closed(far)
            try await guest.closed(near)
            try await office.log.asked(about: guest.key, times: asked + 1)
            #expect(guest.log.openings == 0)
            #expect(office.log.openings == 0)
            #expect(!office.transport.send([1], on: far))
        }
    }

    @Test("never opens to a server that has another key than the pinned one (S2)", arguments: Conformer.allCases)
    func pinning(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let expected = try TransportKeyPair().publicKey
            line.transport.dial(endpoint: office.endpoint, peer: expected)
            let other = try bench.dialler()
            _ = try await link(other, office)
            #expect(line.log.openings == 0)
            #expect(office.log.timesAsked(about: line.key) == 0)
            line.dial(office)
            #expect(try await line.opened().peer == office.key)
            #expect(try await office.opened().peer == line.key)
        }
    }

    @Test("dials again when the other side closes the link", arguments: Conformer.allCases)
    func closedByListener(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            office.transport.close(far)
            try await office.closed(far)
            try await line.closed(near)
            let (again, accepted) = (try await line.opened().link, try await office.opened().link)
            #expect(again != near && accepted != far)
            #expect(line.transport.send([9], on: again))
            #expect(try await office.received(on: accepted) == [9])
            #expect(!line.transport.send([9], on: near))
        }
    }

    @Test("delivers what was sent before the link was closed, whichever side closes it", arguments: Conformer.allCases)
    func lastWords(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            line.dial(office)
            for round in 0..<8 {
                let (near, far) = (try await line.opened().link, try await office.opened().link)
                let (speaker, hearer, link, other) =
                    round.isMultiple(of: 2) ? (office, line, far, near) : (line, office, near, far)
                #expect(speaker.transport.send([UInt8(round), 1], on: link))
                speaker.transport.close(link)
                #expect(!speaker.transport.send([UInt8(round), 2], on: link))
                #expect(try await hearer.received(on: other) == [UInt8(round), 1])
                try await hearer.closed(other)
            }
        }
    }

    @Test("hears nothing more on a link that it has closed", arguments: Conformer.allCases)
    func deafness(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            office.transport.close(far)
            try await office.closed(far)
            line.transport.send([7], on: near)
            try await line.closed(near)
            let again = try await office.opened().link
            #expect(line.transport.send([9], on: try await line.opened().link))
            #expect(try await office.received(on: again) == [9])
            #expect(office.log.openings == 0)
        }
    }

    @Test("dials again when it closes a dialled link itself", arguments: Conformer.allCases)
    func closedByDialler(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            line.transport.close(near)
            try await line.closed(near)
            try await office.closed(far)
            let (again, accepted) = (try await line.opened().link, try await office.opened().link)
            #expect(again != near && accepted != far)
        }
    }

    @Test("hangs up for good", arguments: Conformer.allCases)
    func hangUp(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            line.transport.hangUp(endpoint: office.endpoint)
            try await line.closed(near)
            try await office.closed(far)
            let other = try bench.dialler()
            _ = try await link(other, office)
            #expect(line.log.openings == 0)
        }
    }

    @Test("dials the same endpoint and key only once", arguments: Conformer.allCases)
    func dialTwice(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            line.dial(office)
            let (near, far) = try await link(line, office)
            line.dial(office)
            #expect(line.transport.send([1], on: near))
            #expect(try await office.received(on: far) == [1])
            #expect(line.log.pending.isEmpty)
            #expect(office.log.pending.isEmpty)
        }
    }

    @Test("finds a peer again that has been restarted", arguments: Conformer.allCases)
    func restart(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            try await office.stop()
            try await office.closed(far)
            try await line.closed(near)
            let returned = try await bench.listener(office.keys, at: office.endpoint)
            #expect(try await line.opened().peer == office.key)
            #expect(try await returned.opened().peer == line.key)
        }
    }

    @Test("waits for a peer that is not there yet", arguments: Conformer.allCases)
    func early(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            try await office.stop()
            line.dial(office)
            let returned = try await bench.listener(office.keys, at: office.endpoint)
            #expect(try await line.opened().peer == office.key)
            #expect(try await returned.opened().peer == line.key)
        }
    }

    @Test("says when a queue is full and when it has room again", arguments: Conformer.allCases)
    func backPressure(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            office.log.pause()
            // Kernels buffer some megabytes; no bound of ours is near a hundred.
            let tooMany = 400
            var sent = 0
            filling: while sent < tooMany {
                while line.transport.send(frame(sent, bytes: 256 << 10), on: near) { sent += 1 }
                do {
                    try await line.log.take(within: .milliseconds(500)) { $0 == .writable(near) ? () : nil }
                } catch is TransportLog.TimedOut {
                    break filling
                }
            }
            #expect(sent < tooMany)
            office.log.resume()
            for number in 0..<sent {
                #expect(try await office.received(on: far) == frame(number, bytes: 256 << 10))
            }
            try await line.log.take { $0 == .writable(near) ? () : nil }
            #expect(line.transport.send([1], on: near))
            #expect(try await office.received(on: far) == [1])
        }
    }

    @Test("has a bounded lobby, and room again when a guest has left (T7)", arguments: Conformer.allCases)
    func lobbyBound(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let office = try await bench.listener()
            var guests: [TransportStation] = []
            for _ in 0..<TransportLimits.lobbyLinks {
                let guest = try bench.dialler()
                office.judge(guest.key, .lobby)
                _ = try await link(guest, office)
                guests.append(guest)
            }
            let late = try bench.dialler()
            office.judge(late.key, .lobby)
            late.dial(office)
            try await office.log.asked(about: late.key, times: 1)
            let member = try bench.dialler()
            _ = try await link(member, office)
            #expect(late.log.openings == 0)
            guests[0].transport.hangUp(endpoint: office.endpoint)
            #expect(try await late.opened().peer == office.key)
        }
    }

    @Test("does not count a guest who has become a member", arguments: Conformer.allCases)
    func lobbyPromotion(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let office = try await bench.listener()
            for _ in 0..<TransportLimits.lobbyLinks {
                let guest = try bench.dialler()
                office.judge(guest.key, .lobby)
                _ = try await link(guest, office)
                office.judge(guest.key, .member)
            }
            let late = try bench.dialler()
            office.judge(late.key, .lobby)
            _ = try await link(late, office)
        }
    }

    @Test("reports an endpoint that somebody else listens at, with the remedy", arguments: Conformer.allCases)
    func addressInUse(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let office = try await bench.listener()
            let second = bench.transport(try TransportKeyPair(), listen: [office.endpoint])
            let error = await #expect(throws: TransportError.self) {
                try await second.run(admission: { _ in .member }, onEvent: { _ in })
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains(office.endpoint) == true)
        }
    }

    @Test("closes every link when it is cancelled, and ends", arguments: Conformer.allCases)
    func cancellation(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            try await line.stop()
            #expect(line.log.pending == [.closed(near)])
            try await office.closed(far)
            #expect(!line.transport.send([1], on: near))
        }
    }

    @Test("may be called from within an event", arguments: Conformer.allCases)
    func reentrance(_ conformer: Conformer) async throws {
        try await TransportBench.with(conformer) { bench in
            let office = try await bench.listener()
            let keys = try TransportKeyPair()
            let transport = bench.transport(keys, listen: [])
            let log = TransportLog()
            transport.dial(endpoint: office.endpoint, peer: office.key)
            let run = Task {
                try await transport.run(admission: { _ in .member }) { event in
                    if case .opened(let link, _, _) = event { #expect(transport.send([1, 2], on: link)) }
                    if case .received(let link, _) = event { transport.close(link) }
                    log.note(event)
                }
            }
            let far = try await office.opened().link
            #expect(try await office.received(on: far) == [1, 2])
            #expect(office.transport.send([3], on: far))
            try await office.closed(far)
            run.cancel()
            try await run.value
        }
    }
}

/// A frame that tells its number, of so many bytes.
private func frame(_ number: Int, bytes: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes)
}
