import GembaGossip
import GembaStore
import GembaWire
import Logging

/// What an engine does about bodies that its replica lacks.
struct BackfillDesk {
    /// What is wanted. A checkpoint that does not suit makes more of it wanted than the policy does.
    var demand = BackfillDemand.taken
    /// Whether something of it may be lacking; looked up after whatever may have changed it.
    var isDue = true
    /// The link over which bodies come: one at a time, or the same ones would come twice.
    var source: LinkID?
    /// Whether bodies came that may not be settled; perhaps before this process began.
    var isUnsettled = true
    /// Whether what came is being settled.
    var isSettling = false
    /// Whether bodies are asked for again that came before, because their heads admit no order.
    var isThorough = false
    /// Not before this is anything tried again that failed.
    var rest: Instant?

    /// How long it rests after something failed: a full disk does not go away at once, and heads that do not fit together come
    /// from peers that are in each other's place for a moment.
    static let retry = Duration.seconds(30)
}

extension Engine {
    // MARK: - Taking

    /// Has the next peer asked for bodies that are lacking, or what came settled.
    func careForBackfill(at moment: Moment) {
        guard backfill.isDue, backfill.source == nil, !backfill.isSettling, !isInstalling,
            checkpointSource == nil, backfill.rest.map({ $0 <= moment.instant }) ?? true
        else { return }
        let peers = links.values.filter { $0.session.mayBackfill(at: moment) }.map(\.id)
        guard let id = peers.min(by: { $0.rawValue < $1.rawValue }) else { return }
        do {
            let lacking = try replica.lackingBodies(backfill.demand, isThorough: backfill.isThorough)
            if !lacking.isEmpty {
                backfill.source = id
                logger.info("asking for bodies", metadata: ["ranges": "\(lacking.count)", "link": "\(id.rawValue)"])
                perform(on: id, at: moment) { $0.beginBackfill(lacking, at: moment) }
            } else if backfill.isUnsettled {
                settle()
            } else {
                backfill.isDue = false
            }
        } catch {
            counters.storeFailures += 1
            backfill.rest = moment.instant.advanced(by: BackfillDesk.retry)
            logger.error("it cannot be found out which bodies are lacking", metadata: ["error": "\(error)"])
        }
    }

    private func settle() {
        backfill.isSettling = true
        checkpoints.jobs.append(EngineJob(kind: .settleBackfill))
    }

    func fill(_ bodies: [BodyRun], on id: LinkID, at moment: Moment) -> [SessionAction] {
        // Until the installation is done the store takes nothing else, and the engine must not wait for it.
        if isInstalling { return input(id) { $0.onFilled(.unavailable, at: moment) } }
        do {
            let outcome = try replica.fill(bodies, isThorough: backfill.isThorough)
            backfill.isUnsettled = backfill.isUnsettled || outcome.filledCount > 0
            counters.bodiesFilled = (counters.bodiesFilled ?? 0) + UInt64(outcome.filledCount)
            if let problem = outcome.problem { return input(id) { $0.onFilled(.invalid(problem), at: moment) } }
            return input(id) { $0.onFilled(.filled(outcome.filledCount), at: moment) }
        } catch {
            counters.storeFailures += 1
            logger.error("bodies could not be stored", metadata: ["error": "\(error)"])
            return input(id) { $0.onFilled(.unavailable, at: moment) }
        }
    }

    /// A peer has no more of what is lacking.
    func finishBackfill(over id: LinkID) {
        guard backfill.source == id else { return }
        backfill.source = nil
        if backfill.isUnsettled || backfill.isThorough { settle() }
    }

    /// Takes in what came of settling.
    func finishSettling(_ settlement: BackfillSettlement?, at moment: Moment) {
        backfill.isSettling = false
        guard let settlement else {
            backfill.rest = moment.instant.advanced(by: BackfillDesk.retry)
            return
        }
        backfill.isUnsettled = false
        backfill.isThorough = settlement.lacksHeads
        if settlement.lacksHeads {
            backfill.rest = moment.instant.advanced(by: BackfillDesk.retry)
            logger.notice("bodies from several peers do not fit together yet")
        }
        guard settlement.hasSunk else { return }
        logger.info(
            settlement.isComplete
                ? "every body is here; no checkpoint is stood on" : "bodies came, and floors have sunk")
        if case .beyond = backfill.demand { backfill.demand = .taken }
        // What is held stands in another order, and peers may now get what they could not.
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            perform(on: id, at: moment) { $0.onVectorLeap(at: moment) }
        }
    }

    /// Notes that bodies may be lacking that were not before, and which.
    func noteLack(_ demand: BackfillDemand = .taken) {
        backfill.isDue = true
        if case .beyond = demand { backfill.demand = demand }
    }

    // MARK: - Giving

    func readBodies(_ question: BackfillMessage, on id: LinkID, at moment: Moment) -> [SessionAction] {
        do {
            let (runs, position, reachedEnd) = try replica.bodies(
                question.ranges, after: Int64(clamping: question.position),
                maximumBytes: Int(question.maximumBytes))
            let loaded = LoadedBodies(runs: runs, position: UInt64(position), reachedEnd: reachedEnd)
            return input(id) { $0.onBodies(loaded, at: moment) }
        } catch {
            counters.storeFailures += 1
            logger.error("bodies cannot be read", metadata: ["error": "\(error)"])
            return input(id) { $0.onBodies(nil, at: moment) }
        }
    }
}
