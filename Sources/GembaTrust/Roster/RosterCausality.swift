internal import GembaCausality
internal import GembaWire

/// Who had seen what, among the entries of a set of roster logs.
///
/// An entry has seen the one before it in its log and, with their pasts, all entries that it refers to by sequence and
/// hash prefix: a genesis by its predecessors and roster frontier, any other by its deps. A reference to what is not
/// held, or to another entry than those held under that name, refers to nothing.
///
/// A forked log is several paths, and every question is about paths. The first entry of one that hangs on another has seen the
/// last entry of that.
///
/// The graph is built once in time linear in entries and references. Questions are asked through a ``Survey`` of one
/// log, again linear, because only few logs hold acts whose place in history matters.
struct RosterCausality {
    /// An entry: the path on which it lies, and its number.
    struct Place: Hashable {
        var log: Int
        var sequence: Int
    }

    /// The paths of all logs.
    let logs: [RosterPath]
    /// The index of each path in ``logs``.
    let index: [ReplicaID: Int]

    /// The indices of all paths of the log that has a name, or of which a path has it.
    private let paths: [ReplicaID: [Int]]
    /// The entries of forked logs, by their hashes.
    private let forked: [HashPrefix: Place]
    /// For each path the one at whose end it hangs.
    private let parents: [Int?]
    /// The node of each path's first entry; one more at the end, which is the number of nodes.
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

    /// - Parameter histories: For each log its history, or several of a forked one.
    init(histories: [[RosterLog]]) {
        var all: [RosterPath] = []
        var parents: [Int?] = []
        var paths: [ReplicaID: [Int]] = [:]
        var forked: [HashPrefix: Place] = [:]
        for log in histories {
            let first = all.count
            let found = RosterPath.paths(of: log)
            all += found
            parents += found.map { $0.parent.map { first + $0 } }
            let indices = Array(first..<all.count)
            for path in found { paths[path.replica] = indices }
            guard found.count > 1 else { continue }
            for (index, path) in zip(indices, found) {
                for sequence in path.first...path.last {
                    guard let prefix = path.hash(at: SequenceNumber(sequence))?.prefix else { continue }
                    forked[prefix] = Place(log: index, sequence: sequence)
                }
            }
        }
        self.logs = all
        self.paths = paths
        self.forked = forked
        self.parents = parents
        index = Dictionary(uniqueKeysWithValues: all.indices.map { (all[$0].replica, $0) })

        var firstNodes = [0]
        for path in all { firstNodes.append(firstNodes[firstNodes.count - 1] + path.last - path.first + 1) }
        self.firstNodes = firstNodes

        var bounds = [0]
        var predecessors: [Int] = []
        var isComplete: [Bool] = []
        for (index, path) in all.enumerated() {
            for sequence in path.first...path.last {
                if sequence > path.first {
                    predecessors.append(firstNodes[index] + sequence - path.first - 1)
                } else if let parent = parents[index] {
                    predecessors.append(firstNodes[parent + 1] - 1)
                }
                let references = Self.references(of: path, at: sequence)
                for reference in references {
                    guard let place = Self.find(reference, among: all, paths, forked) else { continue }
                    predecessors.append(firstNodes[place.log] + place.sequence - all[place.log].first)
                }
                let found = predecessors.count - bounds[bounds.count - 1]
                isComplete.append(found == references.count + (sequence > 0 ? 1 : 0))
                bounds.append(predecessors.count)
            }
        }
        self.predecessors = predecessors
        predecessorBounds = bounds
        order = Self.order(predecessors: predecessors, bounds: bounds)

        let genesisNodes = Set(all.indices.filter { all[$0].first == 0 }.map { firstNodes[$0] })
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

    private static func references(of path: RosterPath, at sequence: Int) -> [ChangeReference] {
        sequence == 0 ? path.genesis.predecessors + path.genesis.rosterFrontier : path.entry(at: sequence).deps
    }

    private static func find(
        _ reference: ChangeReference, among all: [RosterPath], _ paths: [ReplicaID: [Int]],
        _ forked: [HashPrefix: Place]
    ) -> Place? {
        guard let candidates = paths[reference.replica] else { return nil }
        if candidates.count == 1 {
            guard all[candidates[0]].hash(at: reference.sequence)?.prefix == reference.prefix else { return nil }
            return Place(log: candidates[0], sequence: Int(reference.sequence))
        }
        guard let place = forked[reference.prefix], SequenceNumber(place.sequence) == reference.sequence,
            paths[all[place.log].replica]?.first == candidates.first
        else { return nil }
        return place
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

    /// The entry that a reference means, by whichever of its log's names; nil when it is not held.
    func find(_ reference: ChangeReference) -> Place? { Self.find(reference, among: logs, paths, forked) }

    /// The paths of the log that has a name, or of which a path has it; none when nothing is held of it.
    func paths(named name: ReplicaID) -> [Int] { paths[name] ?? [] }

    /// Whether an entry with a number is held on some path of a log.
    func holdsEntry(at sequence: SequenceNumber, ofLogNamed name: ReplicaID) -> Bool {
        paths(named: name).contains { logs[$0].hash(at: sequence) != nil }
    }

    /// An entry by the name of its path.
    func reference(to log: Int, at sequence: Int) -> ChangeReference {
        ChangeReference(
            replica: logs[log].replica, sequence: SequenceNumber(sequence),
            prefix: (sequence == 0 ? logs[log].genesisHash : logs[log].entry(at: sequence).hash).prefix)
    }

    /// The ends of the paths that lead to an entry, and that entry.
    func history(of log: Int, at sequence: Int) -> [ChangeReference] {
        var steps = [reference(to: log, at: sequence)]
        var path = parents[log]
        while let index = path {
            steps.append(reference(to: index, at: logs[index].last))
            path = parents[index]
        }
        return steps
    }

    private func node(_ log: Int, _ sequence: Int) -> Int { firstNodes[log] + sequence - logs[log].first }

    /// The length of the longest chain of entries that ends at an entry: greater than that of all it has seen.
    func height(of log: Int, at sequence: Int) -> Int { heights[node(log, sequence)] }

    /// The lamport number that an entry has to state: 0 for a genesis, otherwise one more than the greatest of the entry
    /// before it and of its deps; nil when one of these is not held.
    func lamport(of log: Int, at sequence: Int) -> UInt64? { lamports[node(log, sequence)] }

    /// For each log the last entry that an entry had seen, itself included; nil for a log of which it had seen nothing.
    func past(of log: Int, at sequence: Int) -> [Int?] {
        var seen = Set<Int>()
        var last = [Int?](repeating: nil, count: logs.count)
        var stack = [node(log, sequence)]
        while let node = stack.popLast() {
            guard seen.insert(node).inserted else { continue }
            let holder = self.log(of: node)
            last[holder] = max(last[holder] ?? 0, node - firstNodes[holder] + logs[holder].first)
            stack.append(contentsOf: predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]])
        }
        return last
    }

    /// Whether an entry is one of those that references mean, or one that these had seen.
    func hasSeen(_ entry: Place, from references: [ChangeReference]) -> Bool {
        let sought = node(entry.log, entry.sequence)
        var stack = references.compactMap(find).map { node($0.log, $0.sequence) }
        var seen = Set(stack)
        while let node = stack.popLast() {
            if node == sought { return true }
            for predecessor in predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]]
            where heights[predecessor] >= heights[sought] && seen.insert(predecessor).inserted {
                stack.append(predecessor)
            }
        }
        return false
    }

    /// For each log the greatest number of an entry that is referred to, or that one of these had seen.
    func history(of references: [ChangeReference]) -> VersionVector {
        var history = VersionVector()
        var stack = references.compactMap(find).map { node($0.log, $0.sequence) }
        var seen = Set(stack)
        while let node = stack.popLast() {
            let log = log(of: node)
            history.insert(Dot(logs[log].log, SequenceNumber(node - firstNodes[log] + logs[log].first)))
            for predecessor in predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]]
            where seen.insert(predecessor).inserted { stack.append(predecessor) }
        }
        return history
    }

    /// The path whose node it is.
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
        let nodes = admissions.indices.map { index in admissions[index].map { node(index, $0) } }
        let own = firstNodes[log]..<firstNodes[log + 1]
        let offset = logs[log].first - firstNodes[log]

        // The entries of the log in turn, each with all it has seen that those before it had not.
        var seenFrom = [Int](repeating: .max, count: heights.count)
        var stack: [Int] = []
        for node in own {
            stack.append(node)
            while let visited = stack.popLast() {
                guard seenFrom[visited] == .max else { continue }
                seenFrom[visited] = node + offset
                stack.append(contentsOf: predecessors[predecessorBounds[visited]..<predecessorBounds[visited + 1]])
            }
        }

        // For each node the last entry of the log in its past.
        var seenUpTo = [Int](repeating: -1, count: heights.count)
        for node in order {
            if own.contains(node) { seenUpTo[node] = node + offset }
            for predecessor in predecessors[predecessorBounds[node]..<predecessorBounds[node + 1]] {
                seenUpTo[node] = max(seenUpTo[node], seenUpTo[predecessor])
            }
        }
        return Survey(
            seenFrom: nodes.map { $0.map { seenFrom[$0] } ?? .max },
            seenUpTo: nodes.map { $0.map { seenUpTo[$0] } ?? -1 })
    }
}
