import GembaCausality
import GembaNode
import GembaWire
import Synchronization
import Testing

@testable import GembaZeroMQ

/// A doorkeeper that expectations can ask, whose macros take no mutating calls.
private final class Door {
    private var keeper: Doorkeeper
    init(_ admission: @escaping @Sendable (TransportKey) -> Admission) { keeper = Doorkeeper(admission: admission) }
    func admit(_ key: TransportKey, from address: String = "192.0.2.7", at now: ContinuousClock.Instant) -> UInt64? {
        keeper.admit(key, from: address, at: now)
    }
    func seat(_ handshake: UInt64) -> TransportKey? { keeper.seat(handshake) }
    func dismiss(_ handshake: UInt64) { keeper.dismiss(handshake) }
    func dismissSilent(at now: ContinuousClock.Instant) { keeper.dismissSilent(at: now) }
}

@Suite("The doorkeeper")
struct DoorkeeperTests {
    private let start = ContinuousClock.now
    private let key = TransportKey(rawValue: ThirtyTwoByteValue(high: 1, low: 2))

    private func key(_ number: UInt128) -> TransportKey {
        TransportKey(rawValue: ThirtyTwoByteValue(high: 0, low: number))
    }

    @Test("gives every handshake a number of its own")
    func numbers() throws {
        let doorkeeper = Door { _ in .member }
        let first = try #require(doorkeeper.admit(key, at: start))
        let second = try #require(doorkeeper.admit(key, at: start))
        #expect(first != second)
        #expect(doorkeeper.seat(first) == key)
    }

    @Test("seats a guest once, and knows nobody who did not shake hands")
    func once() throws {
        let doorkeeper = Door { _ in .member }
        let handshake = try #require(doorkeeper.admit(key, at: start))
        #expect(doorkeeper.seat(handshake + 1) == nil)
        #expect(doorkeeper.seat(handshake) == key)
        #expect(doorkeeper.seat(handshake) == nil)
        doorkeeper.dismiss(handshake)
        #expect(doorkeeper.seat(handshake) == nil)
    }

    @Test("refuses a key that was revoked between its handshake and its first word (T7)")
    func revokedMeanwhile() throws {
        let verdict = Mutex(Admission.member)
        let doorkeeper = Door { _ in verdict.withLock { $0 } }
        let handshake = try #require(doorkeeper.admit(key, at: start))
        verdict.withLock { $0 = .refused }
        #expect(doorkeeper.seat(handshake) == nil)
        #expect(doorkeeper.admit(key, at: start) == nil)
        verdict.withLock { $0 = .member }
        #expect(doorkeeper.seat(handshake) == nil)
    }

    @Test("counts lobby guests from their handshake on, until they leave or stay silent (T7)")
    func lobby() throws {
        let doorkeeper = Door { _ in .lobby }
        let guests = try (0..<TransportLimits.lobbyLinks).map { number in
            try #require(doorkeeper.admit(key(UInt128(number)), at: start))
        }
        #expect(doorkeeper.admit(key, at: start) == nil)
        #expect(doorkeeper.seat(guests[0]) != nil)
        doorkeeper.dismiss(guests[0])
        #expect(doorkeeper.admit(key, at: start) != nil)
        #expect(doorkeeper.admit(key, at: start) == nil)
        #expect(doorkeeper.seat(guests[1]) != nil)
        doorkeeper.dismissSilent(at: start.advanced(by: SocketProfile.silence))
        #expect(doorkeeper.seat(guests[2]) == nil)
        let later = (0..<TransportLimits.lobbyLinks).count { doorkeeper.admit(key(UInt128($0)), at: start) != nil }
        #expect(later == TransportLimits.lobbyLinks - 1)
    }

    @Test("lets one key have a few links and no more (G14)")
    func linksOfOneKey() throws {
        let doorkeeper = Door { _ in .member }
        let links = (0..<TransportLimits.linksPerKey).compactMap { _ in doorkeeper.admit(key, at: start) }
        #expect(links.count == TransportLimits.linksPerKey)
        #expect(doorkeeper.admit(key, at: start) == nil)
        #expect(doorkeeper.admit(key(7), at: start) != nil)
        doorkeeper.dismiss(links[0])
        #expect(doorkeeper.admit(key, at: start) != nil)
        // Those who never spoke make room, too.
        let later = start.advanced(by: SocketProfile.silence)
        doorkeeper.dismissSilent(at: later)
        #expect((0..<TransportLimits.linksPerKey).allSatisfy { _ in doorkeeper.admit(key, at: later) != nil })
    }

    @Test("has room for so many members, and for strangers beside them (G14)")
    func links() throws {
        let strangers = UInt128(1) << 100
        let doorkeeper = Door { $0.rawValue.low >= strangers ? .lobby : .member }
        for number in 0..<TransportLimits.memberLinks {
            let handshake = try #require(doorkeeper.admit(key(UInt128(number)), at: start))
            _ = doorkeeper.seat(handshake)
        }
        #expect(doorkeeper.admit(key(UInt128(TransportLimits.memberLinks)), at: start) == nil)
        #expect(doorkeeper.admit(key(strangers), at: start) != nil)
    }

    @Test("does not let a member shake hands again and again (G14)")
    func memberHandshakes() throws {
        let doorkeeper = Door { _ in .member }
        var admitted = 0
        for _ in 0..<1000 {
            guard let handshake = doorkeeper.admit(key, at: start) else { continue }
            admitted += 1
            doorkeeper.dismiss(handshake)
        }
        #expect(admitted == TransportLimits.memberHandshakes)
        #expect(doorkeeper.admit(key(2), at: start) != nil, "another member is not held up")
        #expect(doorkeeper.admit(key, at: start.advanced(by: TransportLimits.memberHandshakeRefill)) != nil)
    }

    @Test("holds strangers to a pace for each address and one for all (G14)")
    func strangersHandshakes() throws {
        let doorkeeper = Door { _ in .lobby }
        func attempts(from address: String, _ count: Int) -> Int {
            (0..<count).count { _ in
                guard let handshake = doorkeeper.admit(key, from: address, at: start) else { return false }
                doorkeeper.dismiss(handshake)
                return true
            }
        }
        #expect(attempts(from: "192.0.2.1", 100) == TransportLimits.addressHandshakes)
        #expect(attempts(from: "192.0.2.2", 10) == 10)
        let all = (0..<100).reduce(0) { $0 + attempts(from: "198.51.100.\($1)", 5) }
        #expect(all == TransportLimits.strangerHandshakes - TransportLimits.addressHandshakes - 10)
    }

    @Test("answers 200 with the key as user, or 300, and never anything else (T7)")
    func answers() throws {
        let version = Array("1.0".utf8)
        let request = [
            version, [1], Array(SocketProfile.domain.utf8), Array("192.0.2.7".utf8), [], Array("CURVE".utf8), key.bytes,
        ]
        let welcome = HandshakeDesk.reply(to: request) { $0 == key && $1 == "192.0.2.7" ? 7 : nil }
        #expect(welcome[0...2] == [version, [1], Array("200".utf8)])
        #expect(welcome[4] == Array(key.description.utf8))
        #expect(welcome[5] == [15] + Array("Gemba-Handshake".utf8) + [0, 0, 0, 1] + Array("7".utf8))
        #expect(HandshakeDesk.reply(to: request, { _, _ in nil })[2] == Array("300".utf8))
        for index in request.indices where ![1, 3, 4].contains(index) {
            var other = request
            other[index] = Array("NULL".utf8)
            #expect(HandshakeDesk.reply(to: other, { _, _ in 7 })[2] == Array("300".utf8))
        }
        for count in request.indices {
            #expect(HandshakeDesk.reply(to: Array(request[..<count]), { _, _ in 7 })[2] == Array("300".utf8))
        }
    }
}
