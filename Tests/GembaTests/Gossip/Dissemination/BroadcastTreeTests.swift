import GembaGossip
import GembaWire
import Testing

/// Cites `Protocol/12-dissemination.md`, and Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007).
@Suite("The tree along which changes are sent")
struct BroadcastTreeTests {
    typealias Machine = Dissemination<Int>

    static func at(_ milliseconds: Int) -> Instant { Instant(.milliseconds(milliseconds)) }

    /// A node with seven links, 0 to 6, that knows the root 5 over link 0, one hop away.
    static func member(nonce: UInt64 = 900) -> Machine {
        var machine = Machine(nonce: nonce)
        for link in 0..<7 { _ = machine.open(link, at: at(0)) }
        _ = machine.receive(beacon(1, hops: 1), from: 0, at: at(0))
        return machine
    }

    static func beacon(_ number: UInt64, root: UInt64 = 5, hops: UInt64, push: Bool = false) -> TreeMessage {
        TreeMessage(root: root, number: number, hops: hops, wantsPush: push)
    }

    static func told(_ actions: [DisseminationAction<Int>], _ link: Int) -> [TreeMessage] {
        actions.compactMap { if case .tell(link, let message) = $0 { message } else { nil } }
    }

    // MARK: - One node

    @Test("T8: with six links nothing is said, and everything is pushed; the seventh makes the node a root")
    func smallPlant() {
        var machine = Machine(nonce: 3)
        for link in 0..<6 { #expect(machine.open(link, at: Self.at(0)).isEmpty) }
        #expect(machine.tick(at: Self.at(100), isCatchingUp: false).isEmpty)
        #expect(machine.pushedLinks.count == 6 && !machine.hasTree)
        #expect(machine.open(6, at: Self.at(200)).isEmpty)
        let actions = machine.tick(at: Self.at(300), isCatchingUp: false)
        #expect((0..<7).allSatisfy { Self.told(actions, $0) == [Self.beacon(1, root: 3, hops: 0)] })
    }

    @Test("T8: the root's beacons are 5 s apart, with numbers that grow")
    func period() {
        var machine = Machine(nonce: 3)
        for link in 0..<7 { _ = machine.open(link, at: Self.at(0)) }
        var sent: [(Int, UInt64)] = []
        for time in stride(from: 0, through: 12_000, by: 100) {
            for message in Self.told(machine.tick(at: Self.at(time), isCatchingUp: false), 4) {
                sent.append((time, message.number))
            }
        }
        #expect(sent.map(\.0) == [0, 5_000, 10_000])
        #expect(sent.map(\.1) == [1, 2, 3])
    }

    @Test("T9: news is passed on once over all links, one hop farther, with push for its bringer alone (section 3.5)")
    func passing() {
        var machine = Machine(nonce: 900)
        for link in 0..<3 { _ = machine.open(link, at: Self.at(0)) }
        let actions = machine.receive(Self.beacon(1, hops: 4), from: 1, at: Self.at(0))
        #expect(Self.told(actions, 0) == [Self.beacon(1, hops: 5)])
        #expect(Self.told(actions, 1) == [Self.beacon(1, hops: 5, push: true)])
        #expect(Self.told(actions, 2) == [Self.beacon(1, hops: 5)])
        #expect(machine.receive(Self.beacon(1, hops: 4), from: 0, at: Self.at(10)) == [.push(0, false)])
    }

    @Test("T9: a greater root, an old number and a beacon after 255 hops are no news")
    func noNews() {
        var machine = Self.member()
        _ = machine.receive(Self.beacon(7, hops: 1), from: 0, at: Self.at(0))
        for message in [
            Self.beacon(9, root: 6, hops: 0), Self.beacon(6, hops: 0), Self.beacon(8, hops: 255),
            Self.beacon(0, hops: 0),
        ] {
            let actions = machine.receive(message, from: 3, at: Self.at(100))
            #expect((0..<7).allSatisfy { Self.told(actions, $0).isEmpty }, "\(message)")
        }
    }

    @Test("T9: whoever makes beacons up is passed on 16 times, and then once a second")
    func flood() {
        var machine = Self.member()
        var passed = 0
        for step in 0..<10_000 {
            let actions = machine.receive(Self.beacon(2 + UInt64(step), hops: 1), from: 2, at: Self.at(step))
            if !Self.told(actions, 1).isEmpty { passed += 1 }
        }
        // One token went to the beacon by which the node knows the tree; nine came back.
        #expect((23...25).contains(passed), "\(passed)")
    }

    @Test("T1: a link is lazy when neither end wants push, and pushed over until that is known")
    func wishes() {
        var machine = Self.member()
        #expect(machine.pushedLinks == Set(0..<7))
        let actions = machine.receive(Self.beacon(1, hops: 2), from: 3, at: Self.at(50))
        #expect(actions == [.push(3, false)])
        #expect(machine.receive(Self.beacon(1, hops: 3, push: true), from: 3, at: Self.at(60)) == [.push(3, true)])
        _ = machine.receive(Self.beacon(1, hops: 3), from: 3, at: Self.at(70))
        #expect(machine.pushedLinks == Set(0..<7).subtracting([3]))
        // The parent stays pushed over whatever it wants itself.
        _ = machine.receive(Self.beacon(1, hops: 1), from: 0, at: Self.at(80))
        #expect(machine.pushedLinks.contains(0))
    }

    @Test("T1: what a peer said 20 s ago no longer counts")
    func oldWish() {
        var machine = Self.member()
        _ = machine.receive(Self.beacon(1, hops: 2), from: 3, at: Self.at(0))
        _ = machine.receive(Self.beacon(2, hops: 1), from: 0, at: Self.at(5_000))
        _ = machine.receive(Self.beacon(3, hops: 1), from: 0, at: Self.at(10_000))
        _ = machine.receive(Self.beacon(4, hops: 1), from: 0, at: Self.at(15_000))
        #expect(!machine.tick(at: Self.at(19_900), isCatchingUp: false).contains(.push(3, true)))
        #expect(machine.tick(at: Self.at(20_000), isCatchingUp: false).contains(.push(3, true)))
    }

    @Test("T10: the parent is kept although others bring the beacon first, if it follows within a second (section 3.8)")
    func loyalty() {
        var machine = Self.member()
        let first = machine.receive(Self.beacon(2, hops: 1), from: 4, at: Self.at(5_000))
        #expect(Self.told(first, 0) == [Self.beacon(2, hops: 2, push: true)])
        #expect(Self.told(first, 4) == [Self.beacon(2, hops: 2)])
        _ = machine.receive(Self.beacon(2, hops: 1), from: 0, at: Self.at(5_900))
        let later = machine.tick(at: Self.at(6_100), isCatchingUp: false)
        #expect(Self.told(later, 0).isEmpty && Self.told(later, 4).isEmpty)
    }

    @Test("T10: a parent that does not bring the beacon is replaced by the nearest of those who did")
    func replacement() {
        var machine = Self.member()
        _ = machine.receive(Self.beacon(2, hops: 1), from: 4, at: Self.at(5_000))
        _ = machine.receive(Self.beacon(2, hops: 0), from: 6, at: Self.at(5_100))
        let later = machine.tick(at: Self.at(6_000), isCatchingUp: false)
        #expect(Self.told(later, 6) == [Self.beacon(2, hops: 2, push: true)])
        #expect(Self.told(later, 0) == [Self.beacon(2, hops: 2)])
    }

    @Test("T10: a way that is two links shorter is taken at once, one that is one shorter is not (section 3.8)")
    func optimisation() {
        var machine = Machine(nonce: 900)
        for link in 0..<7 { _ = machine.open(link, at: Self.at(0)) }
        _ = machine.receive(Self.beacon(1, hops: 4), from: 0, at: Self.at(0))
        let slightly = machine.receive(Self.beacon(2, hops: 3), from: 1, at: Self.at(5_000))
        #expect(Self.told(slightly, 1) == [Self.beacon(2, hops: 5)])
        _ = machine.receive(Self.beacon(2, hops: 4), from: 0, at: Self.at(5_010))
        let clearly = machine.receive(Self.beacon(3, hops: 2), from: 1, at: Self.at(10_000))
        #expect(Self.told(clearly, 1) == [Self.beacon(3, hops: 3, push: true)])
    }

    @Test("T10: a node whose parent is gone takes another that is nearer to the root, or wants push of all")
    func orphan() {
        var machine = Self.member()
        _ = machine.receive(Self.beacon(1, hops: 1), from: 2, at: Self.at(10))
        _ = machine.receive(Self.beacon(1, hops: 3), from: 3, at: Self.at(10))
        let adopted = machine.close(0, at: Self.at(20))
        #expect(Self.told(adopted, 2).map(\.wantsPush) == [true])
        #expect(Self.told(adopted, 3).isEmpty)
        let orphaned = machine.close(2, at: Self.at(30))
        #expect(Self.told(orphaned, 3).map(\.wantsPush) == [true])
        #expect(machine.pushedLinks == [1, 3, 4, 5, 6])
    }

    @Test("T12: after 15 s of silence a crowded node becomes the root, and the old root's last beacon is no news")
    func rootLoss() {
        var machine = Self.member()
        #expect(Self.told(machine.tick(at: Self.at(14_900), isCatchingUp: false), 1).isEmpty)
        let actions = machine.tick(at: Self.at(15_000), isCatchingUp: false)
        #expect(Self.told(actions, 1) == [Self.beacon(1, root: 900, hops: 0)])
        let late = machine.receive(Self.beacon(1, hops: 2), from: 3, at: Self.at(15_100))
        #expect(Self.told(late, 1).isEmpty)
        let back = machine.receive(Self.beacon(2, hops: 2), from: 3, at: Self.at(15_200))
        #expect(Self.told(back, 1) == [Self.beacon(2, hops: 3)])
    }

    @Test("T12: after 30 s without any news a node with few links pushes everywhere, and says so")
    func treeLoss() {
        var machine = Machine(nonce: 900)
        for link in 0..<3 { _ = machine.open(link, at: Self.at(0)) }
        _ = machine.receive(Self.beacon(1, hops: 1), from: 0, at: Self.at(0))
        _ = machine.tick(at: Self.at(29_900), isCatchingUp: false)
        #expect(machine.hasTree)
        let actions = machine.tick(at: Self.at(30_000), isCatchingUp: false)
        #expect(!machine.hasTree && machine.pushedLinks == [0, 1, 2])
        #expect(Self.told(actions, 1) == [Self.beacon(0, root: 900, hops: 0, push: true)])
    }

    // MARK: - Many nodes

    @Test("In any plant the pushed links are a tree that spans it, within two beacons", arguments: UInt64(1)...12)
    func spanning(seed: UInt64) {
        let grove = Grove(seed: seed, nodes: [8, 20, 60, 120][Int(seed % 4)])
        grove.run(for: 12_000)
        #expect(grove.isTree, "seed \(seed)")
        // And it stays one.
        for _ in 0..<20 {
            grove.run(for: 1_000)
            #expect(grove.isTree, "seed \(seed) at \(grove.now)")
        }
    }

    @Test("T10: whoever falls silent, the root or others, the rest has a tree again", arguments: UInt64(1)...12)
    func healing(seed: UInt64) {
        let grove = Grove(seed: seed, nodes: 60)
        grove.run(for: 12_000)
        let root = grove.nodes.first { $0.value.distance == 0 }?.key ?? 0
        for node in seed % 2 == 0 ? [root] : [1, 2, 3, 4, 5, 6].map({ Int(seed) + 7 * $0 }) {
            grove.remove(node, noticedAfter: 3_000)
        }
        grove.run(for: 25_000)
        #expect(grove.isTree, "seed \(seed)")
    }

    @Test("T1: where a fifth of all beacons was lost, there is a tree when none is any more", arguments: UInt64(1)...6)
    func lossy(seed: UInt64) {
        let grove = Grove(seed: seed, nodes: 40)
        grove.loss = 0.2
        grove.run(for: 60_000)
        grove.loss = 0
        grove.run(for: 12_000)
        #expect(grove.isTree, "seed \(seed)")
    }

    @Test("A tree costs little: two messages for each link and beacon")
    func cost() {
        let grove = Grove(seed: 1, nodes: 60)
        grove.run(for: 12_000)
        let before = grove.messages
        grove.run(for: 50_000)
        #expect(grove.messages - before <= 11 * grove.owners.count)
    }
}
