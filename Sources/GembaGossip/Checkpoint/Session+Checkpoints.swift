public import GembaWire

extension Session {
    // MARK: - Inputs: giving

    /// Answers ``SessionAction/prepareCheckpoint(isOnlyWay:)``; nil when there is none and none can be made.
    public mutating func onCheckpoint(_ prepared: SignedManifest?, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.offering.receive(prepared: prepared, at: moment.instant, into: &outbox)
        }
    }

    /// Answers ``SessionAction/readChunks(_:_:)`` with those that could be read.
    public mutating func onChunks(_ chunks: [ChunkMessage], at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (_, outbox) throws(ProtocolViolation) in
            for chunk in chunks { outbox.send(.chunk(chunk)) }
        }
    }

    /// Answers ``SessionAction/readChunks(_:_:)`` when the checkpoint is not here any more, or not whole.
    public mutating func onCheckpointGone(_ checkpoint: CheckpointID, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.offering.receive(gone: checkpoint, into: &outbox)
        }
    }

    // MARK: - Inputs: taking

    /// Whether a checkpoint is being fetched from the peer, or one that came from it is being installed.
    public var isTakingCheckpoint: Bool { intake.isTaking }

    /// Answers ``SessionAction/offered(_:isOnlyWay:)``.
    public mutating func onVerdict(_ verdict: CheckpointVerdict, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.intake.receive(verdict, at: moment.instant, into: &outbox)
        }
    }

    /// Answers ``SessionAction/stage(_:)``.
    public mutating func onStaged(chunk index: Int, isSound: Bool, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            try session.intake.receive(stagedChunk: index, isSound: isSound, at: moment.instant, into: &outbox)
        }
    }

    /// Answers ``SessionAction/install(_:)``. What the checkpoint does not cover is asked for by a new round.
    public mutating func onInstalled(_ isInstalled: Bool, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            session.intake.receive(installed: isInstalled, into: &outbox)
            if isInstalled { session.data.openRound(at: moment.instant) }
        }
    }

    /// This node took a checkpoint from another peer: much of what this one was to send is held now.
    public mutating func onVectorLeap(at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.data.openRound(at: moment.instant)
        }
    }

    // MARK: - Course

    /// Considers whether the peer is so far behind that it should be offered a checkpoint.
    mutating func considerOffer(at now: Instant, into outbox: inout Outbox) {
        guard let lag = data.lag, data.phase == .streaming, peer?.knowsCheckpoints == true else {
            data.outgoing.isHeldBack = false
            return
        }
        offering.consider(lag, at: now, into: &outbox)
        data.outgoing.isHeldBack = offering.holdsBack
    }

    /// Takes in a message about checkpoints. In the lobby there is nothing to offer.
    mutating func receiveCheckpoint(
        _ message: Message, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard configuration.standing == .members else { return }
        switch message {
        case .offer(let offer): intake.receive(offer, into: &outbox)
        case .answer(let answer): offering.receive(answer, at: now)
        case .fetch(let fetch): offering.receive(fetch, at: now, into: &outbox)
        case .chunk(let chunk): intake.receive(chunk, at: now, into: &outbox)
        default: break
        }
    }
}
