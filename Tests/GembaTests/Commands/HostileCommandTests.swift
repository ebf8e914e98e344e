import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

/// A daemon and those who mean it no good.
@Suite("Programs: hostile peers", .timeLimit(.minutes(5)))
struct HostileCommandTests {
    /// A daemon, the keys that it knows as a member's, and everything one needs to speak to it.
    private struct Scene: Sendable {
        let plant: Machines
        let daemon: Daemon
        let server: TransportKey
        let plantID: PlantID
        let member: StationIdentity

        init(_ plant: Machines) async throws {
            self.plant = plant
            daemon = try await plant.start("it")
            try await plant.join("line", name: "L3")
            let identity = try StationIdentity.load(fromFolder: plant.data("line") + "/keys")
            let status = try await plant.gemba("it", "status", "--json").object
            server = try #require(TransportKey(hexadecimal: status["transportKey"] as? String ?? ""))
            plantID = try #require(PlantID(hexadecimal: status["plantID"] as? String ?? ""))
            member = identity
        }

        func refused(_ what: String) async throws -> Int {
            let status = try await plant.gemba("it", "status", "--json").object
            return try #require((status["refused"] as? [String: Any])?[what] as? Int)
        }

        /// Has the daemon count one more refusal of a kind while `act` is done, and go on serving.
        func expect(_ what: String, _ act: @escaping @Sendable (Scene) throws -> Void) async throws {
            let before = try await refused(what)
            let scene = self
            try await onOwnThread { try act(scene) }
            #expect(try await eventually { try await refused(what) > before }, "\(what) refused")
            #expect(daemon.process.isRunning)
        }

        func hello(plant: PlantID? = nil, station: StationKey? = nil, session: UInt64) -> Frame {
            let hello = Hello(
                lowestVersion: 1, highestVersion: 1, plant: plant ?? plantID, station: station ?? member.stationKey,
                nonce: 7, wallClock: 1_760_000_000_000, tip: nil, held: [])
            return Frame(session: SessionID(rawValue: session), message: .hello(hello))
        }

        /// A hello of which only plant and station are true: heads that nobody signed, a tip that is none, a wrong clock.
        func lie(session: UInt64, using random: inout some RandomNumberGenerator) -> Frame {
            let hash = ChangeHash(rawValue: ThirtyTwoByteValue(high: UInt128(random.next() as UInt64), low: 1))
            let replica = ReplicaID(rawValue: UInt128(random.next() as UInt64))
            let head = SignedHead(
                replica: replica, sequence: random.next() >> 1, hash: hash,
                signature: (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) })
            let hello = Hello(
                lowestVersion: 0, highestVersion: random.next() >> 2 + 1, plant: plantID, station: member.stationKey,
                nonce: random.next(), capabilities: random.next() >> 1, wallClock: random.next() >> 1,
                tip: ChangeReference(replica: replica, sequence: 1 << 60, prefix: hash.prefix),
                held: Array(repeating: head, count: Limits.heldHeads))
            return Frame(session: SessionID(rawValue: session), message: .hello(hello))
        }

        /// Links as the member and greets; then does `act`.
        func asMember(session: UInt64 = 1, _ act: (RawPeer) throws -> Void) throws {
            try RawPeer.with(daemon.endpoint, .curve(TransportKeyPair(member), server: server)) { peer in
                try peer.send([])
                try peer.send(hello(session: session).encoded())
                _ = try peer.receive()
                try act(peer)
            }
        }
    }

    @Test("Who has no key, or another than the daemon expects of itself, gets no link (T2)")
    func strangers() async throws {
        try await Machines.withPlant { plant in
            let scene = try await Scene(plant)
            try await scene.expect("connections") { scene in
                try RawPeer.with(scene.daemon.endpoint, .none) { peer in
                    try peer.send([1, 2, 3])
                    #expect(try peer.wasCut(within: 30))
                }
            }
            let other = try TransportKeyPair()
            try await scene.expect("connections") { scene in
                let keys = TransportKeyPair(scene.member)
                try RawPeer.with(scene.daemon.endpoint, .curve(keys, server: other.publicKey)) { peer in
                    let isLinked = try peer.shookHands()
                    #expect(!isLinked)
                }
            }
            try await checkService(of: scene)
        }
    }

    @Test("A stranger with a key of its own, and a member of another plant, leave as they came (T7)")
    func foreigners() async throws {
        try await Machines.withPlant { plant in
            let scene = try await Scene(plant)
            let keys = try TransportKeyPair()
            try await scene.expect("sessions") { scene in
                try RawPeer.with(scene.daemon.endpoint, .curve(keys, server: scene.server)) { peer in
                    try peer.send([])
                    let other = PlantID(rawValue: .init(high: 1, low: 2))
                    try peer.send(scene.hello(plant: other, session: 1).encoded())
                    #expect(try peer.wasCut(within: 30))
                }
            }
            // The right plant, and a station that the key does not belong to.
            try await scene.expect("sessions") { scene in
                try RawPeer.with(scene.daemon.endpoint, .curve(TransportKeyPair(scene.member), server: scene.server)) {
                    peer in
                    try peer.send([])
                    let nobody = StationKey(rawValue: .init(high: 3, low: 4))
                    try peer.send(scene.hello(station: nobody, session: 1).encoded())
                    #expect(try peer.wasCut(within: 30))
                }
            }
            try await checkService(of: scene)
        }
    }

    @Test("A member's corrupted, truncated, oversized and replayed frames are refused and counted (G9, G14)")
    func frames() async throws {
        try await Machines.withPlant { plant in
            let scene = try await Scene(plant)
            let whole = scene.hello(session: 1).encoded()
            var flipped = whole
            flipped[0] ^= 0x40
            for malformed in [flipped, Array(whole.dropLast(3)), whole + [0]] {
                try await scene.expect("frames") { scene in
                    try scene.asMember { peer in
                        try peer.send(malformed)
                        #expect(try peer.wasCut(within: 30))
                    }
                }
            }
            try await scene.expect("messages") { scene in
                try scene.asMember { peer in
                    try peer.send([UInt8](repeating: 1, count: Limits.frameBytes + 1))
                    #expect(try peer.wasCut(within: 30))
                }
            }
            // What was recorded in an earlier session means nothing in this one.
            try await scene.expect("repeated") { scene in
                try scene.asMember(session: 2) { peer in
                    let still = PulseMessage.StreamPosition(round: 0, sent: 0)
                    let pulse = PulseMessage(wallClock: 1, echo: nil, roster: still, data: still)
                    try peer.send(Frame(session: SessionID(rawValue: 1), message: .pulse(pulse)).encoded())
                    try peer.send(scene.hello(session: 2).encoded())
                    _ = try peer.receive()
                }
            }
            try await checkService(of: scene)
        }
    }

    @Test("A thousand lying hellos, a replayed session and frames out of order change nothing (G8, G9, G14)")
    func liars() async throws {
        try await Machines.withPlant { plant in
            let scene = try await Scene(plant)
            let name = try await plant.gemba("it", "status", "--json").object["replica"] as? String
            try await onOwnThread {
                var recorded: [[UInt8]] = []
                var random = SystemRandomNumberGenerator()
                // Nine to a link: a peer may begin anew eight times.
                for link in 0..<112 as Range<UInt64> {
                    try RawPeer.with(
                        scene.daemon.endpoint, .curve(TransportKeyPair(scene.member), server: scene.server)
                    ) { peer in
                        try peer.send([])
                        for number in 0..<9 as Range<UInt64> {
                            let lie = scene.lie(session: link * 9 + number + 1, using: &random).encoded()
                            recorded.append(lie)
                            try peer.send(lie)
                        }
                        _ = try peer.receive()
                    }
                    // Handshakes of one member have a pace, which is tested elsewhere.
                    usleep(40_000)
                }
                // All of it again, on one link, and then backwards on another.
                for frames in [Array(recorded.prefix(40)), recorded.prefix(40).reversed()] {
                    try? RawPeer.with(
                        scene.daemon.endpoint, .curve(TransportKeyPair(scene.member), server: scene.server)
                    ) { peer in
                        try peer.send([])
                        for frame in frames { try peer.send(frame) }
                        _ = try peer.wasCut(within: 5)
                    }
                }
            }
            #expect(scene.daemon.process.isRunning)
            // Nobody but this station's own key makes it change its name.
            #expect(try await plant.gemba("it", "status", "--json").object["replica"] as? String == name)
            try await checkService(of: scene)
        }
    }

    /// The daemon still takes in what an honest peer brings.
    private func checkService(of scene: Scene) async throws {
        let plant = scene.plant
        _ = try await plant.start("line", at: nil, peers: [scene.daemon.endpoint])
        try await plant.gemba("line", "report", "scanner beeps twice", "--at", "L3-SC1")
        #expect(try await plant.agree("it", "line", changes: 1))
        #expect(try await plant.gemba("it", "verify", "--json").object["sound"] as? Bool == true)
        #expect(try await scene.daemon.stop().status == 0)
    }
}
