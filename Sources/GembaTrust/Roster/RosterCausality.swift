internal import GembaCausality
internal import GembaWire

/// Who had seen what, among the entries of a set of roster logs.
///
/// An entry has seen the one before it in its log and, with their pasts, all entries that it refers to by sequence and
/// hash prefix: a genesis by its predecessors and roster frontier, any other by its deps. A reference to what is not
/// held, or to another entry than the one held under that name, refers to nothing.
///
/// The graph is built once in time linear in entries and references. Questions are asked through a ``Survey`` of one
/// log, again linear, because only few logs hold acts whose place in history matters.
struct RosterCausality {
    /// The logs, sorted by replica.
    let logs: [RosterLog]
    /// The index of each log in ``logs``.
    let index: [ReplicaID: Int]

    /// The node of each log's genesis; one more at the end, which is the number of nodes.
    private let firstNodes: [Int]
    /// For each node its predecessors are `predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]]`.
    private let predecessorBounds: [Int]
    private let predecessors: [Int]
    /// All nodes, each after its predecessors.
    private let order: [Int]
    /// For each node the length of the longest path to it.
    private let heights: [Int]
    /// For each node its lamport number, or nil when it cannot be told.
    private let lamports: [UInt64?]

    /// - Parameter logs: One for each replica.
    init(logs: [RosterLog]) {
        let logs = logs.sorted { $0.replica < $1.replica }
        self.logs = logs
        index = Dictionary(uniqueKeysWithValues: logs.indices.map { (logs[$0].replica, $0) })

        var firstNodes = [0]
        for log in logs { firstNodes.append(firstNodes[firstNodes.count - 1] + Int(log.last) + 1) }
        self.firstNodes = firstNodes

        var bounds = [0]
        var predecessors: [Int] = []
        var isComplete: [Bool] = []
        for (log, firstNode) in zip(logs, firstNodes) {
            for sequence in 0...Int(log.last) {
                if sequence > 0 { predecessors.append(firstNode + sequence - 1) }
                let references = Self.references(of: log, at: sequence)
                for reference in references {
                    guard let other = index[reference.replica],
                        logs[other].hash(at: reference.sequence)?.prefix == reference.prefix
                    else { continue }
                    predecessors.append(firstNodes[other] + Int(reference.sequence))
                }
                let found = predecessors.count - bounds[bounds.count - 1]
                isComplete.append(found == references.count + (sequence > 0 ? 1 : 0))
                bounds.append(predecessors.count)
            }
        }
        self.predecessors = predecessors
        predecessorBounds = bounds
        order = Self.order(predecessors: predecessors, bounds: bounds)

        let genesisNodes = Set(firstNodes)
        var heights = [Int](repeating: 0, count: bounds.count - 1)
        var lamports = [UInt64?](repeating: nil, count: bounds.count - 1)
        for node in order {
            let known = predecessors[bounds[node]..<bounds[node + 1]]
            for predecessor in known { heights[node] = max(heights[node], heights[predecessor] + 1) }
            if genesisNodes.contains(node) {
                lamports[node] = 0
            } else if isComplete[node] {
                lamports[node] = Self.lamport(after: known.lazy.map { lamports[$0] })
            }
        }
        self.heights = heights
        self.lamports = lamports
    }

    /// One more than the greatest of some lamport numbers, or nil when one of them is not known.
    static func lamport(after known: some Sequence<UInt64?>) -> UInt64? {
        var greatest: UInt64 = 0
        for lamport in known {
            guard let lamport else { return nil }
            greatest = max(greatest, lamport)
        }
        return greatest + 1
    }

    private static func references(of log: RosterLog, at sequence: Int) -> [ChangeReference] {
        sequence == 0 ? log.genesis.predecessors + log.genesis.rosterFrontier : log.entries[sequence - 1].deps
    }

    /// Kahn's algorithm ("Topological sorting of large networks", CACM 1962). Nodes on a cycle, which only a broken
    /// hash function could make, are left out and so have seen nothing.
    private static func order(predecessors: [Int], bounds: [Int]) -> [Int] {
        let count = bounds.count - 1
        var successors = [[Int]](repeating: [], count: count)
        var missing = [Int](repeating: 0, count: count)
        for node in 0..<count {
            missing[node] = bounds[node + 1] - bounds[node]
            for predecessor in predecessors[bounds[node]..<bounds[node + 1]] { successors[predecessor].append(node) }
        }
        var order = (0..<count).filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for successor in successors[order[next]] {
                missing[successor] -= 1
                if missing[successor] == 0 { order.append(successor) }
            }
            next += 1
        }
        return order
    }

    // MARK: - Questions

    /// The length of the longest chain of entries that ends at an entry: greater than that of all it has seen.
    func height(of log: Int, at sequence: Int) -> Int { heights[firstNodes[log] + sequence] }

    /// The lamport number that an entry has to state: 0 for a genesis, otherwise one more than the greatest of the entry
    /// before it and of its deps; nil when one of these is not held.
    func lamport(of log: Int, at sequence: Int) -> UInt64? { lamports[firstNodes[log] + sequence] }

    /// For each log the last entry that an entry had seen, itself included; nil for a log of which it had seen nothing.
    func past(of log: Int, at sequence: Int) -> [Int?] {
        var seen = Set<Int>()
        var last = [Int?](repeating: nil, count: logs.count)
        var stack = [firstNodes[log] + sequence]
        while let node = stack.popLast() {
            guard seen.insert(node).inserted else { continue }
            let holder = self.log(of: node)
            last[holder] = max(last[holder] ?? 0, node - firstNodes[holder])
            stack.append(contentsOf: predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]])
        }
        return last
    }

    /// The log whose node it is.
    private func log(of node: Int) -> Int {
        var (low, high) = (0, logs.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if firstNodes[middle] <= node { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// What the entries of one log had seen of the others' admissions, and these of it.
    struct Survey {
        /// For each log the first sequence number at which the surveyed log had seen its admission.
        fileprivate var seenFrom: [Int]
        /// For each log the last entry of the surveyed log that its admission had seen; -1 for none.
        fileprivate var seenUpTo: [Int]

        /// Whether the surveyed log had seen another's admission at an entry.
        func hasSeenAdmission(of other: Int, at sequence: Int) -> Bool { seenFrom[other] <= sequence }

        /// Whether another log's admission had seen an entry of the surveyed log.
        func isSeenByAdmission(of other: Int, at sequence: Int) -> Bool { seenUpTo[other] >= sequence }
    }

    /// Surveys a log.
    ///
    /// - Parameter admissions: For each log the sequence number of its admission (the founding genesis, a join), or nil
    ///   when it holds none.
    func survey(_ log: Int, admissions: [Int?]) -> Survey {
        let nodes = admissions.indices.map { index in admissions[index].map { firstNodes[index] + $0 } }
        let first = firstNodes[log]
        let own = first..<firstNodes[log + 1]

        // The entries of the log in turn, each with all it has seen that those before it had not.
        var seenFrom = [Int](repeating: .max, count: heights.count)
        var stack: [Int] = []
        for node in own {
            stack.append(node)
            while let visited = stack.popLast() {
                guard seenFrom[visited] == .max else { continue }
                seenFrom[visited] = node - first
                stack.append(contentsOf: predecessors[predecessorBounds[visited]..<predecessorBounds[visited + 1]])
            }
        }

        // For each node the last entry of the log in its past.
        var seenUpTo = [Int](repeating: -1, count: heights.count)
        for node in order {
            if own.contains(node) { seenUpTo[node] = node - first }
            for predecessor in predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]] {
                seenUpTo[node] = max(seenUpTo[node], seenUpTo[predecessor])
            }
        }
        return Survey(
            seenFrom: nodes.map { $0.map { seenFrom[$0] } ?? .max },
            seenUpTo: nodes.map { $0.map { seenUpTo[$0] } ?? -1 })
    }
}
