internal import GembaCausality
internal import GembaWire

/// Finds out where two vectors differ, by walking down the tree of their digests.
///
/// The tree has sixteen children at every node, one for each hexadecimal digit of the replica ids. A subtree of few
/// entries is sent whole, a larger one as the digests of its children; the answer shows what differs, in the same way.
/// Where one side holds few entries and the other very many, as when a station joins, the other answers with digests.
/// Both sides run the same code and both end up with the other's whole vector. For n replicas of which d differ the walk
/// takes O(log n) messages each way and O(d log n) bytes. An answer depends only on the snapshot and the question, so a
/// question that is asked again, because its answer was lost, is answered again.
///
/// Source: Merkle trees for anti-entropy as in DeCandia et al., "Dynamo" (SOSP 2007), section 4.7, over replica ids
/// rather than keys, and with small subtrees sent whole as in range-based set reconciliation (Meyer, 2023).
struct VectorWalk: Sendable {
    /// Up to this many entries are sent whole: two kilobytes, less than a round trip is worth.
    static let wholeSubtree = 64
    /// Up to this many differing entries are answered at once: 50 kilobytes, so that every part fits a frame with others.
    static let greatestDifference = 1024

    private let snapshot: VectorSnapshot

    /// Where the peer's vector departs from the snapshot; nil where the peer holds nothing of the replica.
    ///
    /// Invariant: right for every replica that no prefix in `unresolved` contains.
    private var differences: [ReplicaID: ChangeReference?] = [:]

    /// The subtrees whose entries at the peer are unknown; none contains another.
    private var unresolved: Set<DigitPrefix> = [.root]

    /// Those unresolved subtrees about which the peer was told something, so that it owes an answer.
    ///
    /// Invariant: a subset of `unresolved`.
    private var asked: Set<DigitPrefix> = []

    /// Entries that may still be passed over before the peer is found to keep us busy.
    private var remainingWork: Int

    init(snapshot: VectorSnapshot, theirCount: Int, limits: SessionLimits) {
        self.snapshot = snapshot
        remainingWork = limits.comparisonPasses * (snapshot.references.count + theirCount + Self.wholeSubtree)
    }

    var isComplete: Bool { unresolved.isEmpty }

    /// The peer's vector, sorted by replica. Meaningful once the walk is complete.
    var theirs: [ChangeReference] {
        guard !differences.isEmpty else { return snapshot.references }
        let same = snapshot.references.filter { differences.index(forKey: $0.replica) == nil }
        let other = differences.values.compactMap { $0 }
        return (same + other).sorted { $0.replica < $1.replica }
    }

    // MARK: - Questions

    /// The question that begins the walk; only one side asks it.
    mutating func begin() -> [VectorMessage.PrefixedPart] {
        asked.insert(.root)
        return [question(about: .root)]
    }

    /// The questions that await an answer, to be asked again.
    var pendingQuestions: [VectorMessage.PrefixedPart] { asked.sorted().map(question(about:)) }

    /// What this side says about a subtree of its own accord.
    private func question(about prefix: DigitPrefix) -> VectorMessage.PrefixedPart {
        VectorMessage.PrefixedPart(prefix: prefix.digits, part: statement(about: prefix))
    }

    private func statement(about prefix: DigitPrefix) -> VectorMessage.Part {
        let entries = snapshot.references(under: prefix)
        return entries.count <= Self.wholeSubtree ? .entries(Array(entries)) : .digests(childDigests(under: prefix))
    }

    private func childDigests(under prefix: DigitPrefix) -> [UInt64] {
        (0..<16).map { VectorDigest.child(snapshot.references(under: prefix.child($0))) }
    }

    // MARK: - Answers

    /// Takes in one part of a message and returns the parts that answer it.
    mutating func receive(
        _ prefixed: VectorMessage.PrefixedPart
    ) throws(ProtocolViolation) -> [VectorMessage.PrefixedPart] {
        guard let prefix = DigitPrefix(digits: prefixed.prefix) else {
            throw ProtocolViolation(.malformedFrame, "a vector message with a prefix that is none")
        }
        return try receive(prefixed.part, about: prefix)
    }

    private mutating func receive(
        _ part: VectorMessage.Part, about prefix: DigitPrefix
    ) throws(ProtocolViolation) -> [VectorMessage.PrefixedPart] {
        try spend(1 + snapshot.references(under: prefix).count)
        switch part {
        case .entries(let entries):
            return [try answer(entries: entries, under: prefix)]
        case .digests(let digests):
            // Each of the digests that are compared is a hash, however little it covers.
            try spend(16)
            return [try answer(digests: digests, under: prefix)]
        case .difference(let entries):
            try learn(difference: entries, under: prefix)
            return []
        case .children(let children):
            return try learn(children: children, under: prefix)
        }
    }

    /// The peer told all its entries: the answer tells where ours differ.
    private mutating func answer(
        entries: [ChangeReference], under prefix: DigitPrefix
    ) throws(ProtocolViolation) -> VectorMessage.PrefixedPart {
        guard entries.count <= Self.wholeSubtree, entries.areSorted,
            entries.allSatisfy({ prefix.contains($0.replica) })
        else { throw ProtocolViolation(.malformedFrame, "entries that are too many, not sorted or elsewhere") }
        let ours = snapshot.references(under: prefix)
        let theirs = Dictionary(uniqueKeysWithValues: entries.map { ($0.replica, $0) })
        let differing = ours.filter { theirs[$0.replica] != $0 }
        guard differing.count <= Self.greatestDifference else {
            if unresolved.contains(prefix) { asked.insert(prefix) }
            return question(about: prefix)
        }
        if unresolved.contains(prefix) {
            for entry in ours where theirs[entry.replica] == nil { differences[entry.replica] = .some(nil) }
            for entry in entries where snapshot[entry.replica] != entry { differences[entry.replica] = entry }
            resolve(prefix)
        }
        var difference = differing.map(VectorMessage.DifferingEntry.init)
        difference += entries.filter { snapshot[$0.replica] == nil }.map { .init(replica: $0.replica, tip: nil) }
        difference.sort { $0.replica < $1.replica }
        return VectorMessage.PrefixedPart(prefix: prefix.digits, part: .difference(difference))
    }

    /// The peer told the digests of its subtrees: the answer goes on about those that differ.
    private mutating func answer(
        digests: [UInt64], under prefix: DigitPrefix
    ) throws(ProtocolViolation) -> VectorMessage.PrefixedPart {
        guard digests.count == 16, prefix.count < 32 else {
            throw ProtocolViolation(.malformedFrame, "digests of other than sixteen subtrees")
        }
        let ours = childDigests(under: prefix)
        let differing = (0..<16).filter { ours[$0] != digests[$0] }.map(UInt8.init)
        if unresolved.contains(prefix) {
            resolve(prefix)
            for digit in differing {
                unresolved.insert(prefix.child(digit))
                asked.insert(prefix.child(digit))
            }
        }
        let children = differing.map {
            VectorMessage.Child(digit: $0, part: statement(about: prefix.child($0)))
        }
        return VectorMessage.PrefixedPart(prefix: prefix.digits, part: .children(children))
    }

    /// The peer answered our entries.
    private mutating func learn(
        difference: [VectorMessage.DifferingEntry], under prefix: DigitPrefix
    ) throws(ProtocolViolation) {
        guard asked.contains(prefix) else { return }
        guard difference.count <= Self.greatestDifference + Self.wholeSubtree,
            difference.allSatisfy({ prefix.contains($0.replica) })
        else { throw ProtocolViolation(.malformedFrame, "a difference that is too large or elsewhere") }
        for entry in difference { differences[entry.replica] = .some(entry.reference) }
        resolve(prefix)
    }

    /// The peer answered our digests: it speaks of those subtrees that differ, and the others are equal.
    private mutating func learn(
        children: [VectorMessage.Child], under prefix: DigitPrefix
    ) throws(ProtocolViolation) -> [VectorMessage.PrefixedPart] {
        guard asked.contains(prefix) else { return [] }
        guard prefix.count < 32, children.allSatisfy({ $0.digit < 16 }),
            zip(children, children.dropFirst()).allSatisfy({ $0.digit < $1.digit })
        else { throw ProtocolViolation(.malformedFrame, "subtrees that are not sorted") }
        resolve(prefix)
        for child in children { unresolved.insert(prefix.child(child.digit)) }
        var answers: [VectorMessage.PrefixedPart] = []
        for child in children {
            switch child.part {
            case .entries, .digests:
                answers += try receive(child.part, about: prefix.child(child.digit))
            case .difference, .children:
                throw ProtocolViolation(.malformedFrame, "an answer inside an answer")
            }
        }
        return answers
    }

    private mutating func resolve(_ prefix: DigitPrefix) {
        unresolved.remove(prefix)
        asked.remove(prefix)
    }

    private mutating func spend(_ work: Int) throws(ProtocolViolation) {
        guard work <= remainingWork else {
            throw ProtocolViolation(.limitExceeded, "a comparison that never ends")
        }
        remainingWork -= work
    }
}

extension [ChangeReference] {
    fileprivate var areSorted: Bool { zip(self, dropFirst()).allSatisfy { $0.replica < $1.replica } }
}

extension VectorMessage.DifferingEntry {
    fileprivate init(_ reference: ChangeReference) {
        self.init(
            replica: reference.replica,
            tip: VectorMessage.Tip(sequence: reference.sequence, prefix: reference.prefix))
    }

    fileprivate var reference: ChangeReference? {
        tip.map { ChangeReference(replica: replica, sequence: $0.sequence, prefix: $0.prefix) }
    }
}
