import GembaCausality
import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging

extension Engine {
    /// Gives an input to a link's session and carries out what it asks for, until nothing is left to do.
    func perform(on id: LinkID, at moment: Moment, _ input: (inout Session) -> [SessionAction]) {
        carryOut(self.input(id, input), on: id, at: moment)
    }

    /// Carries out what a session asks for, and what it asks for upon that.
    func carryOut(_ actions: [SessionAction], on id: LinkID, at moment: Moment) {
        var queue = actions[...]
        while let action = queue.popFirst() {
            guard links[id] != nil else { return }
            queue += carryOut(action, on: id, at: moment)
        }
    }

    func input(_ id: LinkID, _ input: (inout Session) -> [SessionAction]) -> [SessionAction] {
        links[id]?.input(input) ?? []
    }

    /// Carries out one action and returns what the session answers to its result.
    private func carryOut(_ action: SessionAction, on id: LinkID, at moment: Moment) -> [SessionAction] {
        switch action {
        case .send(let frame):
            send(frame, on: id, at: moment)
            return []
        case .requestSnapshot(let kind): return answerSnapshot(kind, on: id, at: moment)
        case .read(let request): return answer(request, on: id, at: moment)
        case .apply(let kind, let runs):
            waitingRuns.append(WaitingRuns(link: id, kind: kind, runs: runs))
            return []
        case .close(let end):
            close(id, end, at: moment)
            return []
        case .prepareCheckpoint: return prepareCheckpoint(for: id, at: moment)
        case .readChunks(let checkpoint, let range): return readChunks(range, of: checkpoint, on: id, at: moment)
        case .offered(let signed, let isOnlyWay): return consider(signed, isOnlyWay: isOnlyWay, on: id, at: moment)
        case .stage(let chunk): return stage(chunk, on: id, at: moment)
        case .install(let checkpoint):
            install(checkpoint, for: id)
            return []
        case .fill(let bodies): return fill(bodies, on: id, at: moment)
        case .readBodies(let question): return readBodies(question, on: id, at: moment)
        case .backfilled:
            finishBackfill(over: id)
            return []
        case .consultRows(let basis, let request):
            return consultRows(request, on: basis, for: id, at: moment)
        case .rowsCompared(let basis, let verdict):
            note(verdict, on: basis, over: id, at: moment)
            return []
        case .announced(let references): return examine(references, on: id, at: moment)
        case .tree(let message):
            carryOut(dissemination.receive(message, from: id, at: moment.instant), at: moment)
            return []
        case .trace(let kind, let logs, let asks):
            return read(
                on: id, { try traces(of: logs, kind, for: id) },
                then: { $0.onTraces($1, of: kind, asks: asks, at: moment) })
        case .place(let kind, let traces):
            return read(on: id, { try place(traces, kind, of: id) }, then: { $0.onPlaced($1, of: kind, at: moment) })
        case .greeted, .evidence, .compared, .conflicting, .behind, .peerHolds, .clockOffset:
            note(action, on: id, at: moment)
            return []
        }
    }

    private func send(_ frame: Frame, on id: LinkID, at moment: Moment) {
        guard let link = links[id] else { return }
        let bytes = frame.encoded()
        if link.waiting.isEmpty, transport.send(bytes, on: id) { return }
        guard link.waitingBytes + bytes.count <= Link.mostWaitingBytes else {
            let end = SessionEnd(code: .limitExceeded, text: "the peer asks and does not read", byPeer: false)
            return close(id, end, at: moment)
        }
        links[id]?.waiting.append(bytes)
        links[id]?.waitingBytes += bytes.count
        links[id]?.session.onLinkBlocked()
    }

    private func close(_ id: LinkID, _ end: SessionEnd, at moment: Moment) {
        if !end.byPeer, let code = end.code, code.isViolation {
            counters.violations += 1
            if let station = links[id]?.session.peer?.station, peers[station] != nil {
                updatePeer(station) { $0.violations += 1 }
            }
            if let link = links[id], link.session.configuration.standing == .members {
                restraint.noteFault(of: link.transport, at: moment.instant)
                admissions.update(heldOff: restraint.heldOff)
            }
            logger.notice("session refused", metadata: ["reason": "\(end.text)"])
        }
        if end.code == .duplicateLink, let link = links[id] {
            rest(link, .until(moment.instant.advanced(by: Self.detourRest)))
        }
        remove(id, reason: end.text, at: moment)
        transport.close(id)
    }

    /// How long an endpoint rests that led back to this process or to one that is reached over another link.
    private static let detourRest = Duration.seconds(5)

    // MARK: - The store

    private func answerSnapshot(_ kind: LogKind, on id: LinkID, at moment: Moment) -> [SessionAction] {
        do {
            let showsBranches = links[id]?.session.peer?.knowsBranches ?? false
            let (vector, position, floors, branches) = try replica.snapshot(of: kind, showsBranches: showsBranches)
            let snapshot = VectorSnapshot(
                references: vector, position: position, floors: floors,
                branches: Dictionary(
                    branches.map { ($0.name, .init(log: $0.log, isClosed: $0.isClosed)) },
                    uniquingKeysWith: { first, _ in first }))
            return input(id) { $0.onSnapshot(snapshot, of: kind, at: moment) }
        } catch {
            return unavailable(kind, error, on: id, at: moment)
        }
    }

    private func answer(_ request: ReadRequest, on id: LinkID, at moment: Moment) -> [SessionAction] {
        do {
            let (runs, position, reachedEnd) = try replica.runs(
                of: request.kind, after: request.position, excluding: request.known,
                maximumBytes: request.maximumBytes, including: readable(by: request.audience),
                showsBranches: links[id]?.session.peer?.knowsBranches ?? false)
            let loaded = LoadedRuns(
                kind: request.kind, round: request.round, runs: runs, position: position, reachedEnd: reachedEnd,
                forked: runs.isEmpty ? [] : Set(try replica.branches(of: request.kind).map(\.log)))
            return input(id) { $0.onLoaded(loaded, at: moment) }
        } catch {
            return unavailable(request.kind, error, on: id, at: moment)
        }
    }

    /// Answers a session from the store; a session that gets no answer asks again.
    private func read<Result>(
        on id: LinkID, _ body: () throws -> Result, then answer: (inout Session, Result) -> [SessionAction]
    ) -> [SessionAction] {
        do {
            let result = try body()
            return input(id) { answer(&$0, result) }
        } catch {
            counters.storeFailures += 1
            logger.error("forked logs cannot be read", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// What is held of logs, as far as the peer may know of them.
    private func traces(of logs: [ReplicaID], _ kind: LogKind, for id: LinkID) throws -> [LogTrace] {
        let isMember = links[id]?.session.configuration.standing == .members
        let shown = readable(by: isMember ? .member : .stranger)
        return try replica.traces(of: logs.filter { shown == nil || shown?[$0] != nil }, kind: kind)
    }

    /// What a peer holds of forked logs, by the names that they have here.
    private func place(_ traces: [LogTrace], _ kind: LogKind, of id: LinkID) throws -> [PlacedTrace] {
        let placed = try traces.compactMap { trace in
            try replica.place(trace, kind: kind).map { PlacedTrace(log: trace.log, ends: $0.ends, held: $0.held) }
        }
        // Each side will send what the other lacks; what cannot be joined shows again.
        if let station = links[id]?.session.peer?.station, peers[station] != nil {
            updatePeer(station) { $0.forks.subtract(placed.flatMap(\.ends).map(\.replica.description)) }
        }
        return placed
    }

    /// What of roster logs a stranger is shown: this station's own and those of all who admit others or did, which together prove
    /// that this station is a member, and what these build on, without which nobody could apply them (06-session N17).
    private func readable(by audience: ReadRequest.Audience) -> VersionVector? {
        guard audience == .stranger else { return nil }
        return roster.history { log in
            log.station == replica.identity.stationKey || roster.decidesOnMembers(log.station)
        }
    }

    private func unavailable(
        _ kind: LogKind, _ error: any Error, on id: LinkID, at moment: Moment
    ) -> [SessionAction] {
        counters.storeFailures += 1
        logger.error("the store cannot be read", metadata: ["error": "\(error)"])
        return input(id) { $0.onStoreUnavailable(kind, at: moment) }
    }

    // MARK: - News of the peer

    private func note(_ action: SessionAction, on id: LinkID, at moment: Moment) {
        guard let link = links[id] else { return }
        if case .greeted(let hello) = action { greet(hello, on: id, at: moment) }
        noteEnrolment(action, on: id)
        guard link.session.configuration.standing == .members, let station = link.session.peer?.station else { return }
        switch action {
        case .evidence(let heads): consider(heads)
        case .conflicting(_, let tips): noteForks(Set(tips.map(\.ours.replica)), at: station)
        case .behind(let kind, let changes): if kind == .data { updatePeer(station) { $0.behind = changes } }
        case .compared(let kind, let theirs):
            if kind == .data { acknowledge(station, VersionVector(theirs)) }
        case .peerHolds(let kind, let vector): if kind == .data { acknowledge(station, vector) }
        case .clockOffset(let offset):
            updatePeer(station) { status in
                status.clockOffset = offset.milliseconds
                status.roundTrip = offset.roundTrip / .milliseconds(1)
            }
        default: break
        }
    }

    /// Remembers that a peer holds another history of some logs than this node.
    func noteForks(_ replicas: Set<ReplicaID>, at station: StationKey) {
        let names = Set(replicas.map(\.description))
        if peers[station]?.forks.isSuperset(of: names) ?? false { return }
        logger.warning("two histories under one name", metadata: ["logs": "\(names.sorted())"])
        updatePeer(station) { $0.forks.formUnion(names) }
    }

    /// Remembers that a peer holds this station's join; also in the lobby, which a joiner leaves by that.
    private func noteEnrolment(_ action: SessionAction, on id: LinkID) {
        let held: VersionVector
        switch action {
        case .compared(.roster, let theirs): held = VersionVector(theirs)
        case .peerHolds(.roster, let vector): held = vector
        default: return
        }
        let isHeld = roster.logs.contains { log in
            log.station == replica.identity.stationKey && held[log.replica].map { $0 > 0 } ?? false
        }
        if isHeld { links[id]?.peerHoldsEnrolment = true }
    }

    /// Records up to where a peer holds this station's own logs. Peers say the same again in every comparison.
    private func acknowledge(_ station: StationKey, _ held: VersionVector) {
        let known = heldByPeers[station] ?? VersionVector()
        if held.entries.allSatisfy({ known.contains(Dot($0.key, $0.value)) }) { return }
        heldByPeers[station, default: VersionVector()].merge(held)
        let own = Set(((try? replica.ownDataReplicas()) ?? []))
        updatePeer(station) { status in
            for (replica, sequence) in held.entries where own.contains(replica) {
                status.acknowledged[replica.description] = max(
                    status.acknowledged[replica.description] ?? 0, sequence)
            }
        }
    }

    private func consider(_ heads: [SignedHead]) {
        do {
            guard try replica.notice(evidence: heads) else { return }
            counters.incarnationHints += 1
            logger.warning("a peer holds changes that this database lost; it goes on under a new name")
        } catch {
            logger.error("evidence of a rollback could not be considered", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Greetings

    private func greet(_ hello: Hello, on id: LinkID, at moment: Moment) {
        guard let link = links[id] else { return }
        if hello.station == replica.identity.stationKey { noticeClone(hello, at: moment) }
        let members = roster.members(withTransport: link.transport)
        if !members.isEmpty, !members.contains(where: { $0.station == hello.station }) {
            perform(on: id, at: moment) {
                $0.close(.identityMismatch, "the hello names another station than the link proves", at: moment)
            }
            return
        }
        upgrade(id, at: moment)
        if link.session.configuration.standing == .members { notePresence(of: hello.station, on: id, at: moment) }
        settleDuplicates(of: hello, newest: id, at: moment)
    }

    func notePresence(of station: StationKey, on id: LinkID, at moment: Moment) {
        guard let link = links[id] else { return }
        updatePeer(station) { status in
            status.isConnected = true
            status.lastContact = moment.wallClock
            status.forks = []
            if case .dialled(let endpoint) = link.direction { status.endpoint = endpoint }
        }
        disseminate(over: id, at: moment)
    }

    /// Another process with this station's own key runs on a clone of its database. Under a name of its own it is a peer
    /// like any other.
    private func noticeClone(_ hello: Hello, at moment: Moment) {
        guard isCloneHintDue(at: moment.instant), let own = try? replica.currentTip(),
            own.replica == hello.tip?.replica
        else { return }
        lastCloneHint = moment.instant
        counters.incarnationHints += 1
        logger.warning("another process runs under this station's name; this database goes on under a new one")
        do {
            try replica.openNewIncarnation()
        } catch {
            logger.error("no new name could be taken", metadata: ["error": "\(error)"])
        }
    }

    /// A hint costs a name; a liar could otherwise make this database change it all the time.
    private func isCloneHintDue(at instant: Instant) -> Bool {
        lastCloneHint.map { $0.duration(to: instant) >= .seconds(3600) } ?? true
    }

    /// Keeps one of several links to the same process (S3).
    private func settleDuplicates(of hello: Hello, newest id: LinkID, at moment: Moment) {
        guard let newest = links[id] else { return }
        let peer = LinkPreference.Peer(station: hello.station, nonce: hello.nonce)
        let preference = LinkPreference(
            own: .init(station: replica.identity.stationKey, nonce: configuration.nonce))
        let others = links.values.filter { $0.leadsToSameProcess(as: newest) }.sorted { $0.order < $1.order }
        for other in others {
            guard let link = links[id] else { return }
            let (older, newer) = other.order < link.order ? (other, link) : (link, other)
            let verdict = preference.verdict(
                peer: peer, older: older.sessionDirection, newer: newer.sessionDirection)
            let loser = verdict == .older ? newer.id : older.id
            counters.duplicateLinks += 1
            perform(on: loser, at: moment) {
                $0.close(.duplicateLink, "another link to the same process stays", at: moment)
            }
        }
    }
}

extension ByeMessage.Code {
    /// Whether it blames the peer for what it sent. That it is a member no more is no offence.
    var isViolation: Bool {
        switch self {
        case .malformedFrame, .limitExceeded, .invalidChange, .identityMismatch, .otherPlant: true
        default: false
        }
    }
}
