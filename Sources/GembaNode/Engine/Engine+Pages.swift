import GembaGossip
import GembaStore
import GembaWire
import Logging

/// What an engine does about the pages of its replica's file: it has them looked through, and mended.
struct PageCare {
    /// How far the round has come that is under way.
    var round: ScrubRound?
    /// Whether a job is at work.
    var isAtWork = false
    /// Whether the replica is being made anew: it takes no other writes.
    var isMending = false
    /// When a round begins next; nil before that is decided.
    var nextRound: Instant?
    /// Not before this is anything tried again that failed.
    var rest: Instant?
    /// When what waits beside the database is tried next.
    var nextSalvage: Instant?
    /// How long it rests until then: longer each time that it was in vain.
    var salvageRest = leastSalvageRest

    /// Pages in one job: a quarter of a mebibyte, some hundred microseconds of reading from memory and a few milliseconds from
    /// a disk. A tick has at most one of them, so that a round takes 5 MiB a second.
    static let step = 64
    /// A disk decays within weeks, and its own scrubbing finds most.
    static let period = Duration.seconds(86_400)
    /// Not while everything else begins, too.
    static let firstRound = Duration.seconds(60)
    /// A full disk or the like does not go away at once.
    static let retry = Duration.seconds(60)
    static let leastSalvageRest = Duration.seconds(2)
    static let greatestSalvageRest = Duration.seconds(3600)
}

extension Engine {
    /// Has the next thing done that is due.
    func careForPages(at moment: Moment) {
        guard !pages.isAtWork, !checkpoints.isInstalling, pages.rest.map({ $0 <= moment.instant }) ?? true else {
            return
        }
        if replica.isDamaged {
            logger.error("pages of the database are damaged; the replica is made anew from what is left of its logs")
            pages.isMending = true
            order(.mend)
        } else if replica.hasMendablePages {
            order(.mendPages)
        } else if replica.hasSalvage, pages.nextSalvage.map({ $0 <= moment.instant }) ?? true {
            pages.nextSalvage = moment.instant.advanced(by: pages.salvageRest)
            pages.salvageRest = min(pages.salvageRest * 2, PageCare.greatestSalvageRest)
            order(.applySalvage)
        } else if let round = pages.round {
            order(.scrub(round))
        } else if replica.isSuspected || isRoundDue(at: moment) {
            order(.scrub(ScrubRound()))
        }
    }

    private func order(_ kind: EngineJob.Kind) {
        pages.isAtWork = true
        checkpoints.jobs.append(EngineJob(kind: kind))
    }

    private func isRoundDue(at moment: Moment) -> Bool {
        if let next = pages.nextRound { return next <= moment.instant }
        var wait = PageCare.firstRound
        // A clock that was set back does not put the round off for longer than it would have been.
        if let last = (try? replica.scrubReport())?.finished, last <= moment.wallClock {
            wait = max(wait, PageCare.period - .milliseconds(Int64(clamping: moment.wallClock - last)))
        }
        pages.nextRound = moment.instant.advanced(by: wait)
        return false
    }

    /// Takes in what came of a job on pages.
    func finishPages(_ result: EngineJobResult.Kind, at moment: Moment) {
        pages.isAtWork = false
        switch result {
        case .scrubbed(let round, let isLast):
            pages.round = isLast ? nil : round
            if isLast { endRound(round.report, at: moment) }
        case .mendedPages(let count): noteMended(count)
        case .mended(let report): resume(after: report, at: moment)
        case .appliedSalvage(let count):
            if count == 0 { return }
            pages.salvageRest = PageCare.leastSalvageRest
            logger.notice("entries saved from damage were applied", metadata: ["entries": "\(count)"])
        case .made, .installed, .unsuitable, .settled, .rowRoot, .rows, .failed:
            preconditionFailure("not a job on pages")
        }
    }

    func failPages(at moment: Moment) {
        // What failed because of damage waits for the mending alone.
        let isWorthRest = pages.isMending || !replica.isDamaged
        pages.isAtWork = false
        pages.isMending = false
        pages.round = nil
        if isWorthRest { pages.rest = moment.instant.advanced(by: PageCare.retry) }
    }

    private func endRound(_ report: ScrubReport, at moment: Moment) {
        pages.nextRound = moment.instant.advanced(by: PageCare.period)
        noteMended(report.mendedCount)
        logger.info("all pages were checked", metadata: ["pages": "\(report.pageCount)"])
    }

    private func noteMended(_ count: Int) {
        guard count > 0 else { return }
        counters.mendings = (counters.mendings ?? 0) + UInt64(count)
        logger.warning("damaged pages were put right; the disk may be failing", metadata: ["pages": "\(count)"])
    }

    /// Begins anew with all peers: what is held, and in which order, is not what sessions know.
    private func resume(after report: MendReport, at moment: Moment) {
        pages.isMending = false
        pages.round = nil
        pages.nextRound = moment.instant
        pages.nextSalvage = nil
        pages.salvageRest = PageCare.leastSalvageRest
        counters.mendings = (counters.mendings ?? 0) + 1
        logger.warning(
            "the replica was made anew; what is missing comes from peers",
            metadata: [
                "entries": "\(report.entryCount)", "waiting": "\(report.waitingCount)",
                "lost tables": "\(report.lostTables.joined(separator: ", "))",
            ])
        endSessions("the replica was made anew", at: moment)
        for kind in LogKind.allCases { positions[kind] = (try? replica.lastPosition(of: kind)) ?? 0 }
        refreshRoster(at: moment)
        noteLack()
    }
}
