internal import GembaCausality
internal import GembaWire

/// One round's comparison of the two vectors: from the roots to the peer's whole vector.
struct Comparison: Sendable {
    let snapshot: VectorSnapshot
    let root: RootMessage
    private(set) var theirRoot: RootMessage?
    private(set) var walk: VectorWalk?
    private(set) var isComplete = false

    /// Whether the peer has shown, by anything but a root, that it received ours.
    var isConfirmed = false
    /// Whether the peer has shown that its comparison is complete, so that it has no more questions.
    var isPeerComplete = false
    /// Roots sent again in answer to a repeated one.
    private(set) var answeredRoots = 0
    private var lastAnswer: Instant?
    /// When what is unanswered is sent again. Every answer that brings the comparison on shortens the wait anew.
    private var repetition: Instant
    private var interval: Patience
    /// When the round is given up.
    let deadline: Instant

    init(
        kind: LogKind, round: UInt64, snapshot: VectorSnapshot, now: Instant, patience: Duration, limits: SessionLimits
    ) {
        self.snapshot = snapshot
        root = RootMessage(
            kind: kind, round: round, digest: VectorDigest.root(snapshot.references),
            count: UInt64(snapshot.references.count))
        interval = Patience(from: limits.repetition, to: limits.greatestPatience)
        repetition = now.advanced(by: interval.current)
        deadline = now.advanced(by: patience)
    }

    /// The peer's vector, once it is known.
    var theirs: [ChangeReference] { walk?.theirs ?? snapshot.references }

    /// Takes the peer's root of this round in, which ends the comparison when the digests are equal.
    ///
    /// - Returns: the parts to send.
    mutating func receive(
        _ theirRoot: RootMessage, initiates: Bool, at now: Instant, limits: SessionLimits
    ) -> [VectorMessage.PrefixedPart] {
        self.theirRoot = theirRoot
        noteProgress(at: now)
        guard theirRoot.digest != root.digest || theirRoot.count != root.count else { return [] }
        walk = VectorWalk(snapshot: snapshot, theirCount: Int(clamping: theirRoot.count), limits: limits)
        return initiates ? walk?.begin() ?? [] : []
    }

    /// Takes parts of the peer's walk in. Those whose answers would be too much at once are left, as if the wire had lost them.
    ///
    /// - Returns: the parts that answer them.
    mutating func receive(
        _ parts: [VectorMessage.PrefixedPart], at now: Instant, limits: SessionLimits
    ) throws(ProtocolViolation) -> [VectorMessage.PrefixedPart] {
        guard walk != nil else { return [] }
        noteProgress(at: now)
        var answers: [VectorMessage.PrefixedPart] = []
        var size = 0
        for part in parts where size < limits.stepAnswerBytes {
            let answer = try walk?.receive(part) ?? []
            size += answer.reduce(0) { $0 + $1.estimatedBytes }
            answers += answer
        }
        return answers
    }

    /// Whether the peer's vector is known in full, and this was not noticed before.
    mutating func completes() -> Bool {
        guard !isComplete, theirRoot != nil, walk?.isComplete ?? true else { return false }
        isComplete = true
        return true
    }

    /// Whether the vector that the walk found is the one whose digest the peer gave.
    func isConsistent(_ theirs: [ChangeReference]) -> Bool {
        walk == nil || VectorDigest.root(theirs) == theirRoot?.digest
    }

    private mutating func noteProgress(at now: Instant) {
        interval.reset()
        repetition = now.advanced(by: interval.current)
    }

    // MARK: - Repetition

    /// What answers a root that the peer repeats: it did not hear ours, and so understood nothing that followed. Peers wait
    /// before they repeat, so that copies which come sooner are one repetition.
    mutating func answerRepeatedRoot(at now: Instant, limits: SessionLimits) -> [Message] {
        guard !isConfirmed, answeredRoots < limits.rootAnswers,
            lastAnswer.map({ $0.duration(to: now) >= limits.repetition / 2 }) ?? true
        else { return [] }
        answeredRoots += 1
        lastAnswer = now
        return [.root(root)] + questions
    }

    /// What to send again now.
    mutating func messagesToRepeat(at now: Instant) -> [Message] {
        guard !isComplete, now >= repetition else { return [] }
        interval.grow()
        repetition = now.advanced(by: interval.current)
        // The side that waits for the other's first question repeats its root: perhaps that was lost.
        return questions.isEmpty ? [.root(root)] : questions
    }

    /// What the peer was asked and has not answered.
    private var questions: [Message] {
        VectorMessage.messages(kind: root.kind, round: root.round, parts: walk?.pendingQuestions ?? [])
            .map(Message.vector)
    }
}
