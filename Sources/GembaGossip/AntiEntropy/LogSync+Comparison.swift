internal import GembaCausality
internal import GembaWire

extension LogSync {
    // MARK: - Inputs

    /// The store answered with the vector: the comparison of the round begins.
    mutating func receive(
        _ snapshot: VectorSnapshot, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        isAwaitingSnapshot = false
        guard phase == .snapshotting else { return }
        let comparison = Comparison(
            kind: kind, round: round, snapshot: snapshot, now: now, patience: schedule.comparison.current,
            limits: limits)
        self.comparison = comparison
        incoming.open(round: round)
        phase = .comparing
        outbox.send(.root(comparison.root))
        if let theirRoot, theirRoot.round == round { try compare(with: theirRoot, at: now, into: &outbox) }
    }

    /// The peer opened a round, answered one, or repeated itself.
    mutating func receive(
        _ root: RootMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard root.round > 0, root.round <= limits.greatestRound, root.count <= UInt64(limits.replicas) else {
            throw ProtocolViolation(.limitExceeded, "a root beyond the limits")
        }
        let latest = theirRoot?.round ?? 0
        guard root.round >= latest else { return }
        if root.round > latest {
            theirRoot = root
            if root.round == round, phase == .comparing { try compare(with: root, at: now, into: &outbox) }
        } else if root.round == round {
            for message in comparison?.answerRepeatedRoot(at: now, limits: limits) ?? [] { outbox.send(message) }
        }
    }

    /// The peer took a step of the walk.
    mutating func receive(
        _ message: VectorMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard message.round == round, comparison != nil else { return }
        guard message.parts.count <= limits.stepParts else {
            throw ProtocolViolation(.limitExceeded, "a step of a comparison with too many parts")
        }
        comparison?.isConfirmed = true
        let answers = try comparison?.receive(message.parts, at: now, limits: limits) ?? []
        send(answers, into: &outbox)
        try completeIfPossible(at: now, into: &outbox)
    }

    // MARK: - Course

    private mutating func compare(
        with root: RootMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        let questions = comparison?.receive(root, initiates: initiates, at: now, limits: limits) ?? []
        send(questions, into: &outbox)
        try completeIfPossible(at: now, into: &outbox)
    }

    private func send(_ parts: [VectorMessage.PrefixedPart], into outbox: inout Outbox) {
        for message in VectorMessage.messages(kind: kind, round: round, parts: parts) { outbox.send(.vector(message)) }
    }

    private mutating func completeIfPossible(at now: Instant, into outbox: inout Outbox) throws(ProtocolViolation) {
        guard comparison?.completes() == true, let comparison else { return }
        let theirs = comparison.theirs
        guard theirs.count <= limits.replicas else {
            throw ProtocolViolation(.limitExceeded, "more replicas than a peer may name")
        }
        guard comparison.isConsistent(theirs) else {
            contradictions += 1
            guard contradictions < limits.contradictions else {
                throw ProtocolViolation(.malformedFrame, "a vector that contradicts its digest")
            }
            schedule.noteComparisonFailed()
            openRound(at: now)
            return
        }
        contradictions = 0
        schedule.noteCompared()
        phase = .streaming
        beginStreams(from: comparison.snapshot, to: theirs, into: &outbox)
        askForTraces(at: now, into: &outbox)
    }

    private mutating func beginStreams(
        from ours: VectorSnapshot, to theirs: [ChangeReference], into outbox: inout Outbox
    ) {
        let difference = VectorDifference(ours: ours, theirs: theirs)
        lag = PeerLag(
            round: round, ours: ours,
            theirs: VersionVector(Dictionary(uniqueKeysWithValues: theirs.map { ($0.replica, $0.sequence) })))
        shortfall = Shortfall(of: difference.lacking, ours: ours)
        _ = shortfall.noteHeld(heldMeanwhile.entries.map { Dot($0.key, $0.value) })
        heldMeanwhile = VersionVector()
        // When the peer lacks nothing of the snapshot, there is nothing to look for in what it covers.
        outgoing.open(
            round: round, known: difference.withheld,
            position: difference.peerLacksSomething ? nil : ours.position)
        if isAnnouncing { announcements.begin(ours, without: difference.withheld) }
        outbox.add(.compared(kind, theirs: theirs))
        if !difference.conflicts.isEmpty {
            outbox.add(.conflicting(kind, difference.conflicts))
            disputes.open(difference.conflictingLogs(of: ours))
        }
        outbox.add(.peerHolds(kind, difference.held))
        reportShortfall(into: &outbox)
    }

    /// Notes that this node holds the dots, wherever they came from.
    mutating func noteHeld(_ dots: [Dot], at now: Instant, into outbox: inout Outbox) {
        guard phase == .streaming else {
            for dot in dots { heldMeanwhile.insert(dot) }
            return
        }
        guard shortfall.noteHeld(dots) else { return }
        arrival = now
        reportShortfall(into: &outbox)
    }

    /// Notes that the peer's runs up to the dots have come, whether they could be applied or not.
    mutating func noteDelivered(_ dots: [Dot]) {
        shortfall.noteDelivered(dots)
        if phase == .streaming, shortfall.isDelivered { hasSettled = true }
    }

    private mutating func reportShortfall(into outbox: inout Outbox) {
        outbox.add(.behind(kind, changes: shortfall.changes))
        if shortfall.isDelivered { hasSettled = true }
        if shortfall.isEmpty { schedule.noteArrival() }
    }
}
