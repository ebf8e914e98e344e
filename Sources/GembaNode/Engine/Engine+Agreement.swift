public import GembaGossip
import GembaStore
import GembaTrust
public import GembaWire
import Logging

/// What an engine does about finding out whether peers that hold the same have the same rows.
struct AgreementDesk {
    /// The link over which rows are compared: one at a time, since they are the same rows.
    var link: LinkID?
    /// When a peer is asked next.
    var due: [StationKey: Instant] = [:]
    /// Peers of whom somebody wants to know now.
    var requested: Set<StationKey> = []
    /// What was held when a peer had the same rows, as long as the own ones did not change without it.
    var agreed: [StationKey: AgreementBasis] = [:]
    /// What the last comparison with a peer came to.
    var verdicts: [StationKey: AgreementVerdict] = [:]
    /// The last known root of the own tree.
    var root: RowRoot?
    /// Rows that were made anew while a basis was held; not again for whoever asks.
    var replayed: (basis: AgreementBasis, rows: Set<RowKey>)?
    /// When all rows are read again; nil before that is decided.
    var nextScan: Instant?

    /// How long after a peer was met, and how often then, its rows are compared, if anything has changed.
    static let first = Duration.seconds(60)
    /// See ``first``.
    static let period = Duration.seconds(600)
    /// How long a comparison rests that came to nothing, as while people write.
    static let retry = Duration.seconds(30)
    /// The same when somebody wants to know now.
    static let requestedRetry = Duration.seconds(2)
    /// How soon the rest is looked at when rows were repaired.
    static let next = Duration.seconds(1)
    /// How often all rows are read again, as pages are.
    static let scanPeriod = Duration.seconds(86_400)
    /// Steps of the tree in one job, of 500 rows each.
    static let steps = 20

    mutating func forget(_ link: LinkID) {
        if self.link == link { self.link = nil }
    }
}

extension Engine {
    // MARK: - Asking

    /// Has rows compared with a peer as soon as both hold the same, whether anything has changed or not. All own rows are read.
    public func compareRows(with station: StationKey) {
        agreement.requested.insert(station)
        agreement.due[station] = Instant()
        agreement.verdicts[station] = nil
        agreement.nextScan = Instant()
    }

    /// What the last comparison with a peer came to; nil when there was none, or one is wanted.
    public func lastComparison(with station: StationKey) -> AgreementVerdict? { agreement.verdicts[station] }

    /// Has the next peer asked that is due.
    func careForAgreement(at moment: Moment) {
        guard agreement.link == nil, !isInstalling, comparesRows(replica.identity.stationKey) else { return }
        var chosen: (id: LinkID, due: Instant)?
        for (id, link) in links {
            guard let station = link.session.peer?.station, comparesRows(station), link.session.mayCompareRows else {
                continue
            }
            let time = due(station, at: moment.instant)
            if time > moment.instant { continue }
            if chosen.map({ (time, id.rawValue) < ($0.due, $0.id.rawValue) }) ?? true { chosen = (id, time) }
        }
        guard let (id, _) = chosen else { return }
        agreement.link = id
        let rescans = agreement.nextScan.map { $0 <= moment.instant } ?? false
        if rescans || agreement.nextScan == nil {
            agreement.nextScan = moment.instant.advanced(by: AgreementDesk.scanPeriod)
        }
        checkpoints.jobs.append(EngineJob(kind: .rowRoot(id, rescans: rescans)))
    }

    /// Whether a station has rows: a relay has none that it understands.
    private func comparesRows(_ station: StationKey) -> Bool {
        roster.members[station].map { $0.role != .relay } ?? false
    }

    private func due(_ station: StationKey, at now: Instant) -> Instant {
        if let due = agreement.due[station] { return due }
        let first = now.advanced(by: AgreementDesk.first)
        agreement.due[station] = first
        return first
    }

    /// The store could not tell what the own rows are.
    func failComparison(over id: LinkID, at moment: Moment) {
        guard agreement.link == id else { return }
        agreement.link = nil
        guard let station = links[id]?.session.peer?.station else { return }
        agreement.due[station] = moment.instant.advanced(by: AgreementDesk.retry)
    }

    /// Asks the peer, once it is known what the own rows are; nil when that takes another step.
    func begin(from root: RowRoot?, over id: LinkID, at moment: Moment) {
        guard agreement.link == id else { return }
        guard let session = links[id]?.session, let station = session.peer?.station, let root, session.mayCompareRows else {
            agreement.link = nil
            return
        }
        if agreement.root?.basis == root.basis, agreement.root != root { agreement.agreed = [:] }
        agreement.root = root
        if agreement.agreed[station] == root.basis, !agreement.requested.contains(station) {
            agreement.due[station] = moment.instant.advanced(by: AgreementDesk.period)
            agreement.link = nil
            return
        }
        perform(on: id, at: moment) { $0.beginComparison(root.basis, root: root.fingerprint, at: moment) }
    }

    // MARK: - Verdicts

    /// Takes in what a comparison came to, that of this node or that of the peer.
    func note(_ verdict: AgreementVerdict, on basis: AgreementBasis, over id: LinkID, at moment: Moment) {
        guard let link = links[id], let station = link.session.peer?.station else { return }
        let isOwn = agreement.link == id && !link.session.isComparingRows
        var pause = AgreementDesk.retry
        switch verdict {
        case .unknown: if agreement.requested.contains(station) { pause = AgreementDesk.requestedRetry }
        case .equal:
            pause = AgreementDesk.period
            agreement.agreed[station] = basis
            updatePeer(station) { $0.agreement = ($0.agreement ?? AgreementRecord()).found(equal: moment.wallClock) }
        case .different(let findings):
            pause = findings.unexplained.isEmpty ? AgreementDesk.next : AgreementDesk.period
            warn(of: findings, at: station)
            updatePeer(station) { status in
                var record = status.agreement ?? AgreementRecord()
                record.note(findings, at: moment.wallClock)
                status.agreement = record
            }
        }
        guard isOwn else { return }
        agreement.link = nil
        agreement.due[station] = moment.instant.advanced(by: pause)
        if verdict != .unknown { agreement.requested.remove(station) }
        agreement.verdicts[station] = verdict
    }

    private func warn(of findings: AgreementFindings, at station: StationKey) {
        let name = roster.members[station]?.displayName ?? "\(station)"
        logger.warning(
            "rows differ from those of a peer that holds the same",
            metadata: [
                "peer": "\(name)", "rows": "\(findings.rows.count)", "repaired": "\(findings.repaired.count)",
                "unexplained": "\(findings.unexplained.count)",
            ])
        for difference in findings.unexplained {
            logger.error(
                "a row differs although both machines made it anew from the same logs: one of the programs is wrong",
                metadata: [
                    "peer": "\(name)", "table": "\(difference.key.table.rawValue)", "row": "\(difference.key.row)",
                    "groups": "\(difference.groups.map(\.rawValue))",
                ])
        }
    }

    /// Takes in rows that were made anew.
    func noteRepaired(_ repaired: [RowDifference], over id: LinkID, at moment: Moment) {
        if repaired.isEmpty { return }
        counters.rowsRepaired = (counters.rowsRepaired ?? 0) + UInt64(repaired.count)
        agreement.agreed = [:]
        for difference in repaired {
            logger.warning(
                "a row was not what the logs make of it, and was made anew",
                metadata: ["table": "\(difference.key.table.rawValue)", "row": "\(difference.key.row)"])
        }
        guard let station = links[id]?.session.peer?.station, agreement.link != id else { return }
        updatePeer(station) { status in
            var record = status.agreement ?? AgreementRecord()
            record.note(repaired: repaired, at: moment.wallClock)
            status.agreement = record
        }
    }

    // MARK: - Own rows

    /// Has own rows looked at for a session.
    func consultRows(
        _ request: RowRequest, on basis: AgreementBasis, for id: LinkID, at moment: Moment
    ) -> [SessionAction] {
        let isWelcome = links[id]?.session.peer.map { comparesRows($0.station) } ?? false
        guard isWelcome, comparesRows(replica.identity.stationKey), !isInstalling else {
            return input(id) { $0.onRows(nil, to: request, at: moment) }
        }
        if agreement.replayed?.basis != basis { agreement.replayed = (basis, []) }
        let replayed = agreement.replayed?.rows ?? []
        switch request {
        case .replay(let rows), .answer(.rows(let rows)):
            if replayed.count < AgreementDesk.rememberedRows { agreement.replayed?.rows.formUnion(rows) }
        case .ranges, .states, .answer(.ranges): break
        }
        checkpoints.jobs.append(EngineJob(kind: .rows(id, basis, request, replayed: replayed)))
        return []
    }
}

extension AgreementDesk {
    /// Rows that are not made anew a second time while a basis is held. Beyond that nothing is remembered, and a session's pace is
    /// all that bounds the work.
    static let rememberedRows = 4096
}

extension AgreementRecord {
    fileprivate func found(equal time: UInt64) -> AgreementRecord {
        var record = self
        record.equal = time
        return record
    }
}

extension Replica {
    /// Looks at rows for a session.
    ///
    /// - Returns: what the session is told, nil when rows are made from something else than `basis` by now; and the rows that were
    ///   made anew for it.
    func report(
        on request: RowRequest, basis: AgreementBasis, replayed: Set<RowKey>
    ) throws -> (report: RowReport?, repaired: [RowDifference]) {
        switch request {
        case .ranges(let stated):
            return (try statements(like: stated, on: basis).map { .ranges($0) }, [])
        case .replay(let rows):
            guard let repaired = try replay(rows, on: basis) else { return (nil, []) }
            return (.replayed(repaired), repaired)
        case .states(let rows):
            return (try states(of: rows, on: basis).map { .states($0) }, [])
        case .answer(.ranges(let ranges)):
            guard try rowRoot(steps: AgreementDesk.steps)?.basis == basis else { return (nil, []) }
            return (try statements(differingFrom: ranges, on: basis).map { .answer(.ranges($0)) }, [])
        case .answer(.rows(let rows)):
            let fresh = rows.filter { !replayed.contains($0) }
            let repaired = try fresh.isEmpty ? [] : replay(fresh, on: basis)
            guard let repaired else { return (nil, []) }
            return (try states(of: rows, on: basis).map { .answer(.rows($0)) }, repaired)
        }
    }
}
