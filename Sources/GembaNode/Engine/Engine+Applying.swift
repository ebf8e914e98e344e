import GembaCausality
import GembaGossip
import GembaStore
import GembaWire
import Logging

/// Received runs that wait for the store.
struct WaitingRuns {
    var link: LinkID
    var kind: LogKind
    var runs: [Run]
}

/// The link that was given room for a catch-up.
struct WideLink {
    var id: LinkID
    /// When it last made use of that.
    var lastUse: Instant
}

extension Engine {
    /// Applies what was received. A session asks for its first batch at once; all that came since goes together, in one
    /// transaction, so events that have arrived are taken in first.
    func applyWaiting(at moment: Moment) {
        while applyNext(at: moment) {}
    }

    /// Applies what waits longest; false when nothing does.
    func applyNext(at moment: Moment) -> Bool {
        guard !waitingRuns.isEmpty else { return false }
        let next = waitingRuns.removeFirst()
        guard links[next.link] != nil else { return true }
        carryOut(apply(next.runs, kind: next.kind, on: next.link, at: moment), on: next.link, at: moment)
        return true
    }

    private func apply(_ runs: [Run], kind: LogKind, on id: LinkID, at moment: Moment) -> [SessionAction] {
        // Until the installation is done the store takes nothing else, and the engine must not wait for it.
        if isInstalling { return input(id) { $0.onApplied(.unavailable, of: kind, at: moment) } }
        if kind == .data { considerRoom(for: id, at: moment) }
        let outcome: GembaStore.ApplyOutcome
        do {
            outcome = try replica.apply(runs, kind: kind)
        } catch {
            counters.storeFailures += 1
            logger.error("a batch could not be stored", metadata: ["error": "\(error)"])
            return input(id) { $0.onApplied(.unavailable, of: kind, at: moment) }
        }
        counters.entriesApplied += UInt64(outcome.entryCount)
        counters.entriesQuarantined += UInt64(outcome.quarantinedCount)
        if !outcome.forked.isEmpty, let station = links[id]?.session.peer?.station {
            noteForks(outcome.forked, at: station)
        }
        for station in outcome.overQuota { noteOverQuota(station) }
        var actions = input(id) { $0.onApplied(outcome.forSession, of: kind, at: moment) }
        if kind == .data, outcome.problem == nil {
            let count = runs.reduce(0) { $0 + $1.entries.count }
            carryOut(
                dissemination.noteApplied(
                    new: outcome.entryCount, repeated: count - outcome.entryCount, from: id, at: moment.instant),
                at: moment)
        }
        if !outcome.forked.isEmpty {
            actions += input(id) { $0.onDisagreement(about: outcome.forked, of: kind, at: moment) }
        }
        if !outcome.renamed.isEmpty {
            counters.forks = (counters.forks ?? 0) + 1
            logger.warning("a log is forked", metadata: ["branches": "\(outcome.renamed.map(\.replica.description))"])
            actions += input(id) { $0.onChangesAvailable(kind, tips: outcome.renamed, at: moment) }
            if let branches = try? replica.branches(of: kind) { compare(branches, of: kind, at: moment) }
        }
        if !outcome.advanced.isEmpty {
            announce(kind, tips: outcome.advanced + outcome.renamed, except: id, at: moment)
            if kind == .roster { upgrade(id, at: moment) }
        }
        if outcome.hasWithdrawn { leapAfterRemoval(at: moment) }
        return actions
    }

    /// Has all peers asked what they hold of logs of which a fork was found since this was called last.
    func compare(_ branches: [Branch], of kind: LogKind, at moment: Moment) {
        let known = comparedBranches[kind] ?? []
        comparedBranches[kind] = Set(branches.map(\.name))
        let logs = Set(branches.filter { !known.contains($0.name) }.map(\.log))
        if logs.isEmpty { return }
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            perform(on: id, at: moment) { $0.onDisagreement(about: logs, of: kind, at: moment) }
        }
    }

    /// Remembers that changes of a station are left out, for people to see.
    private func noteOverQuota(_ station: StationKey) {
        if peers[station]?.isOverQuota == true { return }
        logger.warning("a station has filled its share of this disk", metadata: ["station": "\(station)"])
        updatePeer(station) { $0.isOverQuota = true }
    }

    // MARK: - Room

    /// Lets a peer that fills its window have more on its way. Only one link at a time, so that the memory for it is bounded
    /// however many peers there are.
    private func considerRoom(for id: LinkID, at moment: Moment) {
        guard let waiting = links[id]?.session.waitingBytes, waiting >= Limits.dataWindow / 2 else { return }
        guard wideLink.map({ $0.id == id }) ?? true else { return }
        wideLink = WideLink(id: id, lastUse: moment.instant)
        links[id]?.session.hasRoom = true
    }

    /// Takes the room back from a link that makes no use of it.
    func reconsiderRoom(at moment: Moment) {
        guard let wide = wideLink else { return }
        guard links[wide.id] == nil || wide.lastUse.duration(to: moment.instant) > Self.unusedRoom else { return }
        links[wide.id]?.session.hasRoom = false
        wideLink = nil
    }

    private static let unusedRoom = Duration.seconds(10)
}

extension GembaStore.ApplyOutcome {
    /// The outcome in the session's terms. A run that contradicts what is held is left out: the rest of the batch counts,
    /// and the next comparison shows the two histories.
    fileprivate var forSession: GembaGossip.ApplyOutcome {
        switch problem {
        case nil, .forked: .advanced(advanced)
        case .missingDependency, .overQuota: .incomplete(advanced: advanced, lacking: .dependency)
        case .needsRoster: .incomplete(advanced: advanced, lacking: .roster)
        case .invalid(let text): .invalid(text)
        }
    }
}
