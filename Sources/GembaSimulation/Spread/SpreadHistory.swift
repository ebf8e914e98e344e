import GembaCausality
import GembaWire

/// All changes of a run, and when and over how many links each came to each node.
struct SpreadHistory {
    /// One change.
    struct Change {
        var dot: Dot
        /// What its author had stored last, which it depends on.
        var cause: Dot?
        var author: Int
        var written: Int
    }

    private let nodes: Int
    private(set) var changes: [Change] = []
    private var numbers: [Dot: Int] = [:]
    /// By change and node: over how many links it came; nil where it is not held.
    private var hops: [UInt8?] = []
    private var lastArrival: [Int] = []

    init(nodes: Int) { self.nodes = nodes }

    /// A reference to a change, whose hash is made up from its name.
    static func reference(_ dot: Dot) -> ChangeReference {
        var mix = SeededGenerator(seed: UInt64(truncatingIfNeeded: dot.replica.rawValue) ^ dot.sequence &* 0x1_0001)
        return ChangeReference(
            replica: dot.replica, sequence: dot.sequence, prefix: HashPrefix(rawValue: UInt128(mix.next())))
    }

    func cause(of dot: Dot) -> Dot? { numbers[dot].flatMap { changes[$0].cause } }

    mutating func write(_ dot: Dot, after cause: Dot?, at author: Int, time: Int) {
        numbers[dot] = changes.count
        changes.append(Change(dot: dot, cause: cause, author: author, written: time))
        hops.append(contentsOf: repeatElement(nil, count: nodes))
        hops[numbers[dot, default: 0] * nodes + author] = 0
        lastArrival.append(time)
    }

    mutating func arrive(_ dot: Dot, at node: Int, from peer: Int, time: Int) {
        guard let number = numbers[dot] else { return }
        hops[number * nodes + node] = (hops[number * nodes + peer] ?? 0) &+ 1
        lastArrival[number] = time
    }

    /// Over how many links a change came to each node that has it.
    func hops(of number: Int) -> [UInt8] { hops[number * nodes..<(number + 1) * nodes].compactMap(\.self) }

    /// How long it took until the last node had it, in milliseconds.
    func spreadTime(of number: Int) -> Int { lastArrival[number] - changes[number].written }
}
