public import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// What an engine has to do with checkpoints at the moment.
struct CheckpointDesk {
    /// The links whose peers wait for a checkpoint to be made. Invariant: empty unless one is being made.
    var waiting: Set<LinkID> = []
    var isMaking = false
    /// What is being installed. Survives the link that brought it.
    var installing: CheckpointID?
    var jobs: [EngineJob] = []

    var isInstalling: Bool { installing != nil }
}

extension Engine {
    // MARK: - Jobs

    /// The jobs that are to be done now. The caller runs each of them once and hands the result to ``finish(_:at:)``.
    public func takeJobs() -> [EngineJob] {
        defer { checkpoints.jobs.removeAll() }
        return checkpoints.jobs
    }

    /// Whether the store is busy with a checkpoint, or is made anew, and takes no other writes.
    public var isInstalling: Bool { checkpoints.isInstalling || pages.isMending }

    /// Takes in what came of a job.
    public func finish(_ result: EngineJobResult, at moment: Moment) {
        defer { applyWaiting(at: moment) }
        switch result.kind {
        case .made(let signed):
            logger.info(
                "checkpoint made",
                metadata: ["rows": "\(signed.manifest.rows)", "bytes": "\(signed.manifest.bytes)"])
            deliver(signed, at: moment)
        case .installed(let checkpoint, let outcome):
            logger.info("checkpoint installed", metadata: ["checkpoint": "\(checkpoint)"])
            noteLack()
            finishInstalling(true, at: moment)
            // Its maker may not have known who is a member no more.
            removeFormerMembers(at: moment)
            announce(.data, tips: outcome.advanced, except: nil, at: moment)
        case .unsuitable(let reason, let demand):
            logger.notice("a checkpoint does not suit", metadata: ["reason": "\(reason)"])
            if let demand { noteLack(demand) }
            finishInstalling(false, at: moment)
        case .settled(let settlement): finishSettling(settlement, at: moment)
        case .rowRoot(let id, let root): begin(from: root, over: id, at: moment)
        case .rows(let id, let consultation): finish(consultation, for: id, at: moment)
        case .scrubbed, .mendedPages, .mended, .appliedSalvage: finishPages(result.kind, at: moment)
        case .failed(let job, let reason):
            counters.storeFailures += 1
            logger.error("a job failed", metadata: ["reason": "\(reason)"])
            switch job.kind {
            case .makeCheckpoint, .renewCheckpoint: deliver(nil, at: moment)
            case .install: finishInstalling(false, at: moment)
            case .settleBackfill: finishSettling(nil, at: moment)
            case .rowRoot(let id, _): failComparison(over: id, at: moment)
            case .rows(let id, _, let request, _):
                perform(on: id, at: moment) { $0.onRows(nil, to: request, at: moment) }
            case .scrub, .mendPages, .mend, .applySalvage: failPages(at: moment)
            }
        }
    }

    private func deliver(_ signed: SignedManifest?, at moment: Moment) {
        let waiting = checkpoints.waiting.sorted { $0.rawValue < $1.rawValue }
        checkpoints.waiting = []
        checkpoints.isMaking = false
        for id in waiting { perform(on: id, at: moment) { $0.onCheckpoint(signed, at: moment) } }
    }

    private func finishInstalling(_ isInstalled: Bool, at moment: Moment) {
        let source = checkpointSource
        checkpoints.installing = nil
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            if id == source {
                perform(on: id, at: moment) { $0.onInstalled(isInstalled, at: moment) }
            } else if isInstalled {
                perform(on: id, at: moment) { $0.onVectorLeap(at: moment) }
            }
        }
    }

    // MARK: - Giving

    func prepareCheckpoint(for id: LinkID, at moment: Moment) -> [SessionAction] {
        // A checkpoint is in the clear, and a relay must not read what the plant seals.
        if !roster.epochs.isEmpty, let peer = links[id]?.session.peer?.station,
            roster.members[peer]?.may(.writeData) != true
        {
            return input(id) { $0.onCheckpoint(nil, at: moment) }
        }
        do {
            guard roster.members[replica.identity.stationKey]?.may(.writeData) == true else {
                let carried = try replica.carriedCheckpoint()
                return input(id) { $0.onCheckpoint(carried, at: moment) }
            }
            if let recent = try replica.recentCheckpoint() { return input(id) { $0.onCheckpoint(recent, at: moment) } }
            guard try replica.canMakeCheckpoint() else { return input(id) { $0.onCheckpoint(nil, at: moment) } }
        } catch {
            logger.warning("a checkpoint cannot be read", metadata: ["error": "\(error)"])
        }
        checkpoints.waiting.insert(id)
        if !checkpoints.isMaking {
            checkpoints.isMaking = true
            checkpoints.jobs.append(EngineJob(kind: .makeCheckpoint))
        }
        return []
    }

    func readChunks(
        _ range: Range<Int>, of checkpoint: CheckpointID, on id: LinkID, at moment: Moment
    ) -> [SessionAction] {
        var chunks: [ChunkMessage] = []
        do {
            for index in range {
                guard let chunk = try replica.chunk(index, of: checkpoint) else {
                    return input(id) { $0.onCheckpointGone(checkpoint, at: moment) }
                }
                chunks.append(chunk)
            }
        } catch {
            // The peer asks for those that follow again.
            counters.storeFailures += 1
            logger.error("a chunk cannot be read", metadata: ["error": "\(error)"])
        }
        return input(id) { $0.onChunks(chunks, at: moment) }
    }

    // MARK: - Taking

    /// The link from which a checkpoint is taken: one at a time, or the same rows would come twice.
    ///
    /// It is what the sessions say, for one of them may give up the taking without being told to.
    var checkpointSource: LinkID? { links.values.first { $0.session.isTakingCheckpoint }?.id }

    func consider(
        _ signed: SignedManifest, isOnlyWay: Bool, on id: LinkID, at moment: Moment
    ) -> [SessionAction] {
        do {
            switch try verdict(on: signed, isOnlyWay: isOnlyWay, from: id) {
            case .none:
                return input(id) { $0.close(.invalidChange, "a checkpoint that its maker did not sign", at: moment) }
            case .some(let verdict):
                if case .taken(let missing) = verdict {
                    logger.info(
                        "taking a checkpoint",
                        metadata: [
                            "rows": "\(signed.manifest.rows)", "chunks": "\(signed.manifest.chunks.count)",
                            "missing": "\(missing.count)",
                        ])
                }
                return input(id) { $0.onVerdict(verdict, at: moment) }
            }
        } catch {
            counters.storeFailures += 1
            logger.error("a checkpoint cannot be taken", metadata: ["error": "\(error)"])
            return input(id) { $0.onVerdict(.declined, at: moment) }
        }
    }

    /// What becomes of an offer; nil when the offer is a fault of the peer.
    private func verdict(
        on signed: SignedManifest, isOnlyWay: Bool, from id: LinkID
    ) throws -> CheckpointVerdict? {
        if checkpoints.isInstalling || checkpointSource != nil { return .later }
        if !isOnlyWay, try !isNew { return .declined }
        // It was taken from this peer or another, and the peer can do better by now.
        if try replica.holdsEverything(of: signed.manifest.id) { return .declined }
        return switch try replica.standing(of: signed) {
        case .unsound: nil
        case .unexplained: .later
        case .sound: .taken(missing: try replica.stage(signed))
        }
    }

    /// Whether this station holds so little that a checkpoint is better for everybody. One that holds much keeps the bodies
    /// of what it gets, for others to have; a relay does so from the beginning.
    private var isNew: Bool {
        get throws {
            guard roster.members[replica.identity.stationKey]?.role != .relay else { return false }
            let held = try replica.vector(of: .data).reduce(UInt64(0)) { $0 + $1.sequence }
            return held < configuration.limits.checkpointChanges
        }
    }

    func stage(_ chunk: ChunkMessage, on id: LinkID, at moment: Moment) -> [SessionAction] {
        do {
            let isSound = try replica.stage(chunk)
            return input(id) { $0.onStaged(chunk: Int(chunk.index), isSound: isSound, at: moment) }
        } catch {
            // The session asks for the chunk again, when there may be room for it.
            counters.storeFailures += 1
            logger.error("a chunk cannot be kept", metadata: ["error": "\(error)"])
            return []
        }
    }

    func install(_ checkpoint: CheckpointID, for id: LinkID) {
        guard checkpoints.installing == nil else { return }
        checkpoints.installing = checkpoint
        checkpoints.jobs.append(EngineJob(kind: .install(checkpoint)))
    }
}
