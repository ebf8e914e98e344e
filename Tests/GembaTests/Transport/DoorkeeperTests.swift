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
