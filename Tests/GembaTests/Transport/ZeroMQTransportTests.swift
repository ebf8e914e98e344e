import CZeroMQ
import Foundation
import GembaCausality
import GembaNode
import GembaWire
import Testing

@testable import GembaZeroMQ

/// Whether this machine can listen at the IPv6 loopback address.
private let hasIPv6: Bool = {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: &address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
    }
}()

/// What sockets, the network and hostile peers add to what every transport must do (RELIABILITY, section 1).
@Suite("The ZeroMQ transport", .timeLimit(.minutes(15)))
struct ZeroMQTransportTests {
    // MARK: The network

    @Test("finds its peer again after the network was cut")
    func cut() async throws {
        try await survive(.cut)
    }

    /// Disturbs the wire under a link, and expects both ends to notice and to find each other again after it.
    private func survive(
        _ disturbance: Wire.Condition, sending frames: (TransportStation, LinkID) -> Void = { _, _ in },
        ending end: (TransportStation, LinkID) -> Void = { _, _ in }
    ) async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let wire = try Wire(to: office.endpoint)
            defer { wire.end() }
            line.transport.dial(endpoint: wire.endpoint, peer: office.key)
            let (near, far) = (try await line.opened().link, try await office.opened().link)
            wire.set(disturbance)
            frames(line, near)
            try await line.closed(near)
            end(office, far)
            try await office.closed(far)
            wire.set(.open)
            #expect(try await line.opened().peer == office.key)
            #expect(try await office.opened().peer == line.key)
        }
    }

    @Test("lives on when both sides close a link at the same moment")
    func farewell() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            for _ in 0..<200 {
                line.transport.dial(endpoint: office.endpoint, peer: office.key)
                let (near, far) = (try await line.opened().link, try await office.opened().link)
                office.transport.close(far)
                line.transport.hangUp(endpoint: office.endpoint)
                try await line.closed(near)
                try await office.closed(far)
            }
            line.transport.dial(endpoint: office.endpoint, peer: office.key)
            try await line.send([7], on: try await line.opened().link)
            #expect(try await office.received(on: try await office.opened().link) == [7])
        }
    }

    @Test("notices that what it sends gets nowhere; who only hears nothing is told by its session")
    func freeze() async throws {
        try await survive(
            .frozen,
            sending: { line, link in
                while line.transport.send([UInt8](repeating: 1, count: 256 << 10), on: link) {}
            }, ending: { office, link in office.transport.close(link) })
    }

    @Test("never gives a new link what was queued for the old one")
    func noLeftovers() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            office.log.pause()
            while line.transport.send([UInt8](repeating: 1, count: 256 << 10), on: near) {}
            line.transport.close(near)
            office.log.resume()
            try await office.closed(far)
            let (again, accepted) = (try await line.opened().link, try await office.opened().link)
            #expect(line.transport.send([2], on: again))
            #expect(try await office.received(on: accepted) == [2])
        }
    }

    @Test("dials a host by its name")
    func hostName() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let port = try #require(office.endpoint.split(separator: ":").last)
            line.transport.dial(endpoint: "tcp://no-such-host.invalid:\(port)", peer: office.key)
            line.transport.dial(endpoint: "tcp://localhost:\(port)", peer: office.key)
            #expect(try await line.opened().direction == .dialled("tcp://localhost:\(port)"))
        }
    }

    @Test("links over IPv6", .enabled(if: hasIPv6))
    func sixth() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(at: "tcp://[::1]:0"), try bench.dialler())
            #expect(office.endpoint.hasPrefix("tcp://[::1]:"))
            let (near, far) = try await link(line, office)
            #expect(line.transport.send([1], on: near))
            #expect(try await office.received(on: far) == [1])
        }
    }

    @Test("listens at several endpoints, of both kinds, and lets only its user at a path")
    func endpoints() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/gemba-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await TransportBench.with(.zeroMQ) { bench in
            let (local, remote) = (try await bench.listener(at: "ipc://\(path)"), try bench.dialler())
            #expect(local.endpoint == "ipc://\(path)")
            let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(permissions == 0o600)
            let (near, far) = try await link(remote, local)
            #expect(remote.transport.send([1], on: near))
            #expect(try await local.received(on: far) == [1])
            local.transport.close(far)
            try await remote.closed(near)
            #expect(try await remote.opened().peer == local.key)
            let thief = bench.transport(try TransportKeyPair(), listen: ["tcp://127.0.0.1:0", "ipc://\(path)"])
            let error = await #expect(throws: TransportError.self) {
                try await thief.run(admission: { _ in .member }, onEvent: { _ in })
            }
            #expect(error?.code == .addressInUse)
        }
    }

    @Test(
        "refuses to listen where it cannot, and says so",
        arguments: [
            ("inproc://node", TransportError.Code.invalidEndpoint), ("tcp://127.0.0.1", .invalidEndpoint),
            ("tcp://127.0.0.1:99999", .invalidEndpoint), ("ipc://", .invalidEndpoint), ("", .invalidEndpoint),
            ("tcp://192.0.2.1:0", .addressUnavailable), ("tcp://no-such-host.invalid:0", .addressUnavailable),
            ("ipc:///\(String(repeating: "long", count: 50))", .invalidEndpoint),
        ])
    func badEndpoint(_ endpoint: String, _ code: TransportError.Code) async throws {
        let keys = try TransportKeyPair()
        let transport = ZeroMQTransport(listen: [endpoint], secret: keys.secret, publicKey: keys.publicKey)
        let error = await #expect(throws: TransportError.self) {
            try await transport.run(admission: { _ in .member }, onEvent: { _ in })
        }
        #expect(error?.code == code)
    }

    @Test("is not harmed by endpoints that cannot be dialled")
    func undiallable() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            for endpoint in ["", "inproc://x", "tcp://", "tcp://*:*", "tcp://127.0.0.1:1;127.0.0.1:2", "tcp://[::1:5"] {
                line.transport.dial(endpoint: endpoint, peer: office.key)
                line.transport.hangUp(endpoint: endpoint)
                line.transport.dial(endpoint: endpoint, peer: office.key)
            }
            _ = try await link(line, office)
        }
    }

    @Test("has a library that tells a message's descriptor, without which nobody can be cut (S4)")
    func sourceDescriptor() async throws {
        let (accepted, told) = try await onOwnThread { () -> (Int32?, Int32?) in
            let context = try Context()
            defer { context.terminate() }
            let server = try Socket(context, ZMQ_ROUTER)
            defer { server.close() }
            let monitor = try Monitor(of: server, in: context)
            defer { monitor.close() }
            try server.bind("tcp://127.0.0.1:0")
            return try RawPeer.with(try server.lastEndpoint(), .none) { peer in
                try peer.send([1])
                var told: Int32?
                while told == nil { told = try server.receiveWithOrigin()?.origin.descriptor }
                while let event = try monitor.next() {
                    if case .accepted(let descriptor) = event { return (descriptor, told) }
                }
                return (nil, told)
            }
        }
        #expect(told != nil)
        #expect(accepted == told)
    }

    // MARK: Hostile peers

    @Test("is not harmed by junk at its port, and closes a connection that does not shake hands")
    func junk() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let endpoint = office.endpoint
            let greeting: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0]
            let mechanism: (String) -> [UInt8] = { Array($0.utf8) + [UInt8](repeating: 0, count: 20 - $0.utf8.count) }
            let rest = [UInt8](repeating: 0, count: 32)
            let hugeCommand: [UInt8] = [6, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
            let payloads: [[UInt8]] = [
                [], [0xFF], Array("GET / HTTP/1.1\r\n\r\n".utf8),
                (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 73 ^ $0 >> 3) },
                greeting + mechanism("NULL") + rest, greeting + mechanism("CURVE") + rest + hugeCommand,
                greeting + mechanism("CURVE") + rest + [4, 6] + Array("\u{5}HELLO".utf8),
                greeting + mechanism("PLAIN") + rest + [4, 8] + Array("\u{5}HELLO\u{0}\u{0}".utf8),
            ]
            try await withThrowingTaskGroup { group in
                for payload in payloads {
                    group.addTask {
                        try await onOwnThread {
                            let isClosed = try RawConnection.with(endpoint) { connection in
                                connection.write(payload)
                                return connection.isClosed(within: 10)
                            }
                            #expect(isClosed)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(office.log.openings == 0)
            _ = try await link(line, office)
        }
    }

    @Test("is not harmed by a server that answers junk")
    func junkServer() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let wire = try Wire(to: "tcp://127.0.0.1:1")
            defer { wire.end() }
            line.transport.dial(endpoint: wire.endpoint, peer: office.key)
            _ = try await link(line, office)
        }
    }

    @Test("lets nobody in without CURVE, and does not even ask who it is")
    func noSecurity() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let endpoint = office.endpoint
            try await onOwnThread {
                let wasCut = try RawPeer.with(endpoint, .none) { try $0.wasCut() }
                #expect(wasCut)
            }
            #expect(office.log.openings == 0)
            _ = try await link(line, office)
        }
    }

    @Test("cuts a member off that sends more than a frame may hold, and lives on")
    func oversized() async throws {
        try await misbehave { peer in
            let frame = [UInt8](repeating: 1, count: Limits.frameBytes + 1)
            try peer.send(frame)
        }
    }

    @Test("cuts a member off that sends a message of several parts")
    func multipart() async throws {
        try await misbehave { peer in try peer.send(parts: [[1], [2]]) }
    }

    @Test("cuts a member off whose message does not end, before it fills the memory (G14)")
    func endless() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let office = try await bench.listener()
            let wire = try Wire(to: office.endpoint)
            defer { wire.end() }
            let parts = [[UInt8]](repeating: [UInt8](repeating: 1, count: 64 << 10), count: 1000)
            try await misbehave(against: office, over: wire.endpoint) { peer in
                wire.set(.slow)
                try peer.send(parts: parts)
            }
            #expect(wire.bytesCarried < 48 << 20)
        }
    }

    /// Links a member that then does something wrong, and expects it to be cut and others to be unaffected.
    private func misbehave(_ act: @escaping @Sendable (RawPeer) throws -> Void) async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let (office, line) = (try await bench.listener(), try bench.dialler())
            let (near, far) = try await link(line, office)
            try await misbehave(against: office, over: office.endpoint, act)
            #expect(line.transport.send([5], on: near))
            #expect(try await office.received(on: far) == [5])
        }
    }

    private func misbehave(
        against office: TransportStation, over endpoint: String, _ act: @escaping @Sendable (RawPeer) throws -> Void
    ) async throws {
        let keys = try TransportKeyPair()
        async let hostile: Bool = onOwnThread {
            try RawPeer.with(endpoint, .curve(keys, server: office.key)) { peer in
                try peer.send([])
                #expect(try peer.receive() == [[1]])
                try act(peer)
                return try peer.wasCut()
            }
        }
        let opened = try await office.opened()
        #expect(opened.peer == keys.publicKey)
        #expect(office.transport.send([1], on: opened.link))
        try await office.closed(opened.link)
        #expect(try await hostile)
        try await office.refused(.message)
        #expect(office.log.pending.isEmpty)
    }

    @Test("cuts a connection that shakes hands and says nothing")
    func silent() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let office = try await bench.listener()
            let keys = try TransportKeyPair()
            let endpoint = office.endpoint
            try await onOwnThread {
                try RawPeer.with(endpoint, .curve(keys, server: office.key)) { peer in
                    let outcome = (try peer.shookHands(), try peer.wasCut(within: 15))
                    #expect(outcome == (true, true))
                }
            }
            try await office.refused(.connection)
            #expect(office.log.openings == 0)
        }
    }

    @Test("knows a peer by its key, not by the routing id it claims (D3, S2)")
    func claimedRoutingID() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let office = try await bench.listener()
            let (honest, thief) = (try TransportKeyPair(), try TransportKeyPair())
            let endpoint = office.endpoint
            async let claims: Void = onOwnThread {
                try RawPeer.with(endpoint, .curve(honest, server: office.key), routingID: "line 4") { first in
                    try first.send([])
                    try first.send([1])
                    #expect(try first.receive() == [[2]])
                    try RawPeer.with(endpoint, .curve(thief, server: office.key), routingID: "line 4") { second in
                        #expect(try second.shookHands())
                        try second.send([])
                        try second.send([66])
                        try first.send([3])
                        #expect(try first.receive() == [[4]])
                    }
                }
            }
            let opened = try await office.opened()
            #expect(opened.peer == honest.publicKey)
            #expect(try await office.received(on: opened.link) == [1])
            #expect(office.transport.send([2], on: opened.link))
            #expect(try await office.received(on: opened.link) == [3])
            #expect(office.transport.send([4], on: opened.link))
            try await claims
            try await office.closed(opened.link)
            try await office.refused(.connection)
            #expect(office.log.pending.isEmpty)
        }
    }

    @Test("goes on dialling a server that answers 400, after which the library alone would stop for ever (T7)")
    func refusedForGood() async throws {
        try await TransportBench.with(.zeroMQ) { bench in
            let line = try bench.dialler()
            let keys = try TransportKeyPair()
            try await onOwnThread {
                let context = try Context()
                defer { context.terminate() }
                let desk = try HandshakeDesk(in: context)
                defer { desk.socket.close() }
                let server = try Socket(context, ZMQ_ROUTER)
                defer { server.close() }
                try SocketProfile.apply(to: server, secret: keys.secret, publicKey: keys.publicKey)
                try SocketProfile.applyAccepting(to: server)
                try server.bind("tcp://127.0.0.1:0")
                line.transport.dial(endpoint: try server.lastEndpoint(), peer: keys.publicKey)
                var asked = 0
                let deadline = ContinuousClock.now.advanced(by: .seconds(20))
                while asked < 3, ContinuousClock.now < deadline {
                    if let request = try desk.socket.receive() {
                        asked += 1
                        var reply = HandshakeDesk.reply(to: request) { _, _ in nil }
                        reply[2] = Array("400".utf8)
                        _ = try desk.socket.send(parts: reply)
                    }
                    usleep(1000)
                }
                #expect(asked == 3)
            }
            #expect(line.log.openings == 0)
        }
    }
}
