public import GembaGossip
import GembaStore
import GembaTrust
public import GembaWire
import Logging

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
        guard let session = links[id]?.session, let station = session.peer?.station, let root, session.mayCompareRows
        else {
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
        agreement.isAsking = true
        perform(on: id, at: moment) { $0.beginComparison(root.basis, root: root.fingerprint, at: moment) }
    }

    // MARK: - Verdicts

    /// Takes in what a comparison came to, that of this node or that of the peer.
    func note(_ verdict: AgreementVerdict, on basis: AgreementBasis, over id: LinkID, at moment: Moment) {
        guard let link = links[id], let station = link.session.peer?.station else { return }
        let isOwn = agreement.link == id && agreement.isAsking && !link.session.isComparingRows
        var pause = AgreementDesk.retry
        switch verdict {
        case .unknown: if agreement.requested.contains(station) { pause = AgreementDesk.requestedRetry }
        case .equal:
            pause = AgreementDesk.period
            agreement.agreed[station] = basis
            updatePeer(station) { $0.agreement = ($0.agreement ?? AgreementRecord()).found(equal: moment.wallClock) }
        case .different(let findings):
            // Whether the peer has mended what it had is to be asked, although nothing else has changed since they agreed.
            agreement.agreed[station] = nil
            pause = findings.unexplained.isEmpty ? AgreementDesk.next : AgreementDesk.period
            warn(of: findings, at: station)
            updatePeer(station) { status in
                var record = status.agreement ?? AgreementRecord()
                record.note(findings, at: moment.wallClock)
                status.agreement = record
            }
        }
        guard isOwn else { return }
        agreement.forget(id)
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
    private func noteRepaired(_ repaired: [RowDifference], over id: LinkID, at moment: Moment) {
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
        if agreement.replayed?.basis != basis { agreement.replayed = (basis, [:]) }
        let replayed = agreement.replayed?.rows ?? [:]
        checkpoints.jobs.append(EngineJob(kind: .rows(id, basis, request, replayed: replayed)))
        return []
    }

    /// Takes in what was found out about own rows, and tells the session.
    func finish(_ consultation: RowConsultation, for id: LinkID, at moment: Moment) {
        remember(consultation)
        noteRepaired(consultation.repaired, over: id, at: moment)
        perform(on: id, at: moment) { $0.onRows(consultation.report, to: consultation.request, at: moment) }
    }

    private func remember(_ consultation: RowConsultation) {
        guard case .answer(.rows(let stated)) = consultation.report, var replayed = agreement.replayed,
            replayed.basis == consultation.basis, replayed.rows.count < AgreementDesk.rememberedRows
        else { return }
        for row in stated { replayed.rows[row.key] = RowDigest(of: row.state) }
        agreement.replayed = replayed
    }
}

extension AgreementRecord {
    fileprivate func found(equal time: UInt64) -> AgreementRecord {
        var record = self
        record.equal = time
        return record
    }
}
