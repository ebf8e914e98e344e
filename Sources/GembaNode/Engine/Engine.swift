import GembaCausality
public import GembaGossip
public import GembaStore
import GembaTrust
public import GembaWire
public import Logging

/// Keeps a replica in step with its peers: owns the links and their sessions, carries out what sessions ask for, and
/// decides whom to dial.
///
/// It is synchronous and deterministic: events and time come in, calls on the transport go out. Production drives it from
/// ``Node``, the simulator from its event queue. Not `Sendable`: it has one owner.
public final class Engine {
    /// What is kept in step.
    public let replica: Replica
    /// What the transport's handshakes ask.
    public let admissions = AdmissionTable()

    let transport: any Transport
    let configuration: EngineConfiguration
    let logger: Logger
    var links: [LinkID: Link] = [:]
    var targets: [String: DialTarget] = [:]
    var roster: Roster
    /// What is known of peers, by station.
    public internal(set) var peers: [StationKey: PeerStatus] = [:]
    /// What ``acknowledge(_:_:)`` has taken in, by station.
    var heldByPeers: [StationKey: VersionVector] = [:]
    /// Peers whose status changed since it was last taken.
    var changedPeers: Set<StationKey> = []
    var counters = EngineCounters()
    /// What sessions have received, in the order in which it is applied.
    var waitingRuns: [WaitingRuns] = []
    /// The link that was given room for a catch-up.
    var wideLink: WideLink?
    /// Checkpoints that are made, taken or installed.
    var checkpoints = CheckpointDesk()
    var epochCare = EpochCare()
    /// Whether a member and this station have held the same roster entries since this engine began, or this station is the only
    /// member. Until then it may be that its disk was put back, and nothing goes into its roster log by itself: that would be a
    /// second history of what it wrote before and has lost.
    public private(set) var hasMetMember = false
    /// The paths of forked logs about which peers were asked, or which they were told of in a comparison.
    var comparedBranches: [LogKind: Set<ReplicaID>] = [:]
    /// What is done about bodies that are lacking.
    var backfill = BackfillDesk()
    /// What is done about finding out whether peers have the same rows.
    var agreement = AgreementDesk()
    /// Over which links changes are sent at once.
    var dissemination: Dissemination<LinkID>
    /// What is done about damaged pages.
    var pages = PageCare()
    /// What is known of the neighbourhood.
    var discovery: DiscoveryDesk
    /// The endpoints that are dialled because a beacon named them, with the key of the member whose it was.
    var discovered: [String: TransportKey] = [:]
    /// Which members are held off.
    var restraint = Restraint()
    /// When a sign of a clone last made this database change its name.
    var lastCloneHint: Instant?
    private var openedLinks: UInt64 = 0
    /// The positions up to which all sessions know that there is something to read.
    var positions: [LogKind: Int64] = [:]

    /// Takes up the replica's roster and what was remembered of peers; nothing is dialled before the first tick.
    public init(
        replica: Replica, transport: any Transport, configuration: EngineConfiguration, logger: Logger
    ) throws {
        self.replica = replica
        self.transport = transport
        self.configuration = configuration
        self.logger = logger
        dissemination = Dissemination(nonce: configuration.nonce, limits: configuration.limits)
        discovery = DiscoveryDesk(seal: BeaconSeal(of: replica.plant))
        // A removal may have come by another process, or just before this machine lost its power.
        try replica.settleRemovals()
        roster = try replica.roster()
        peers = try replica.peers().mapValues { status in
            var status = status
            status.isConnected = false
            // The quota may be another now.
            status.isOverQuota = nil
            return status
        }
        changedPeers = Set(peers.keys)
        positions = try replica.lastPositions()
        for kind in LogKind.allCases { comparedBranches[kind] = Set(try replica.branches(of: kind).map(\.name)) }
        admissions.update(from: roster)
        if try replica.lacksCheckpoint() {
            checkpoints.isMaking = true
            checkpoints.jobs.append(EngineJob(kind: .renewCheckpoint))
        }
    }

    /// What happened so far, for tests and `gemba status`.
    public var counts: EngineCounters { counters }

    /// Whether every open session has taken over all that its peer offered.
    public var isSettled: Bool {
        links.values.allSatisfy { $0.session.isSettled(.roster) && $0.session.isSettled(.data) }
    }

    /// The stations to which a session is open.
    public var connectedStations: Set<StationKey> {
        Set(links.values.compactMap { $0.session.peer?.station })
    }

    /// Whether this station is a member and a connected member holds its join: whatever happens to this machine's link now,
    /// the plant knows it.
    public var isEnrolled: Bool {
        roster.members[replica.identity.stationKey] != nil
            && links.values.contains { link in
                guard link.peerHoldsEnrolment, let peer = link.session.peer?.station else { return false }
                return roster.member(withTransport: link.transport, claiming: peer) != nil
            }
    }

    // MARK: - Events

    /// Takes an event of the transport, and applies what came by it.
    public func handle(_ event: TransportEvent, at moment: Moment) {
        take(event, at: moment)
        applyWaiting(at: moment)
    }

    /// Takes an event of the transport; ``applyWaiting(at:)`` has to follow.
    func take(_ event: TransportEvent, at moment: Moment) {
        switch event {
        case .listening: break
        case .hinted(let endpoint, let key): take(hint: key, endpoint: endpoint, at: moment)
        case .opened(let id, let key, let direction): open(id, key: key, direction: direction, at: moment)
        case .received(let id, let bytes): receive(bytes, on: id, at: moment)
        case .writable(let id): flush(id, at: moment)
        case .closed(let id):
            if links[id] != nil { counters.brokenLinks += 1 }
            remove(id, reason: "the link broke", at: moment)
        case .refused(.connection): counters.refusedConnections += 1
        case .refused(.message): counters.refusedMessages += 1
        }
    }

    /// Lets time pass. Called several times a second.
    public func tick(at moment: Moment) {
        if restraint.release(at: moment.instant) { admissions.update(heldOff: restraint.heldOff) }
        noticeLocalChanges(at: moment)
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            perform(on: id, at: moment) { $0.onTick(at: moment) }
        }
        applyWaiting(at: moment)
        tickDissemination(at: moment)
        reconsiderRoom(at: moment)
        dial(at: moment)
        noticeMeeting()
        returnIfLapsed()
        careForBackfill(at: moment)
        shareEpochs(at: moment)
        careForAgreement(at: moment)
        if configuration.caresForPages { careForPages(at: moment) }
    }

    /// Notes that a member and this station hold the same roster entries.
    private func noticeMeeting() {
        if hasMetMember { return }
        hasMetMember =
            roster.members.count == 1
            || links.values.contains { link in
                link.session.configuration.standing == .members && link.session.isSettled(.roster)
            }
    }

    /// Ends this station's lapse once it holds what a member holds.
    private func returnIfLapsed() {
        guard let own = roster.members[replica.identity.stationKey], !own.isActive, !isInstalling else { return }
        let isLevel = links.values.contains { link in
            guard link.session.configuration.standing == .members, let peer = link.session.peer?.station else {
                return false
            }
            return link.session.isSettled(.roster) && link.session.isSettled(.data) && peers[peer]?.behind == 0
        }
        guard isLevel else { return }
        do {
            if try replica.returnFromLapse() {
                counters.returns = (counters.returns ?? 0) + 1
                logger.notice("this station was lapsed, has caught up, and returns")
            }
            roster = try replica.roster()
        } catch {
            counters.storeFailures += 1
            logger.error("the return could not be written", metadata: ["error": "\(error)"])
        }
    }

    /// Looks whether this process or another wrote to the database, and passes new entries on.
    public func noticeLocalChanges(at moment: Moment) {
        guard let current = try? replica.lastPositions() else { return }
        for kind in [LogKind.roster, .data] where current[kind] != positions[kind] {
            guard let (tips, position, branches) = try? replica.tips(of: kind, after: positions[kind] ?? 0) else {
                continue
            }
            positions[kind] = position
            announce(kind, tips: tips, upTo: position, except: nil, at: moment)
            compare(branches, of: kind, at: moment)
        }
        applyWaiting(at: moment)
    }

    /// Ends all sessions and says so.
    public func stop(at moment: Moment) { endSessions("the node stops", at: moment) }

    func endSessions(_ reason: String, at moment: Moment) {
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            perform(on: id, at: moment) { $0.close(.shutdown, reason, at: moment) }
        }
    }

    /// The peers whose status changed since the last call.
    public func takeChangedPeers() -> [StationKey: PeerStatus] {
        defer { changedPeers.removeAll() }
        return peers.filter { changedPeers.contains($0.key) }
    }

    // MARK: - Links

    private func open(
        _ id: LinkID, key: TransportKey, direction: TransportEvent.Direction, at moment: Moment
    ) {
        // An accepted link of such a member shook hands before it was held off; a dialled one asked nobody.
        guard !restraint.heldOff.contains(key) else { return transport.close(id) }
        let known = roster.members(withTransport: key)
        let expected = known.count == 1 ? known[0].station : nil
        let isMember = roster.members[replica.identity.stationKey] != nil
        let standing: SessionStanding = !isMember ? .enrolling : known.isEmpty ? .strangerPeer : .members
        openedLinks += 1
        let session = Session(
            SessionConfiguration(
                station: replica.identity.stationKey, plant: replica.plant, nonce: configuration.nonce,
                session: SessionID(rawValue: configuration.randomNumber()),
                direction: direction == .accepted ? .accepted : .dialled, standing: standing,
                expectedStation: expected, tip: (try? replica.currentTip()) ?? nil,
                held: expected.flatMap { try? replica.heads(heldOf: $0) } ?? [], limits: configuration.limits))
        links[id] = Link(id: id, transport: key, direction: direction, session: session, order: openedLinks)
        if case .dialled(let endpoint) = direction { targets[endpoint]?.answered(with: key) }
        logger.debug("link opened", metadata: ["link": "\(id.rawValue)", "standing": "\(standing)"])
        perform(on: id, at: moment) { $0.start(at: moment) }
    }

    private func receive(_ bytes: [UInt8], on id: LinkID, at moment: Moment) {
        guard links[id] != nil else { return }
        do {
            let frame = try Frame(decoding: bytes)
            counters.framesReceived += 1
            perform(on: id, at: moment) { session in
                let before = (repeated: session.repeatedFrames, excess: session.excessFrames)
                defer {
                    counters.repeatedFrames += session.repeatedFrames - before.repeated
                    counters.excessFrames = (counters.excessFrames ?? 0) + session.excessFrames - before.excess
                }
                return session.receive(frame, byteCount: bytes.count, at: moment)
            }
        } catch {
            counters.malformedFrames += 1
            perform(on: id, at: moment) {
                $0.close(.malformedFrame, "a frame does not decode: \(error.message)", at: moment)
            }
        }
        if let station = links[id]?.session.peer?.station, links[id]?.session.configuration.standing == .members {
            updatePeer(station) { $0.lastContact = moment.wallClock }
        }
    }

    func remove(_ id: LinkID, reason: String, at moment: Moment) {
        guard let link = links.removeValue(forKey: id) else { return }
        checkpoints.waiting.remove(id)
        finishBackfill(over: id)
        agreement.forget(id)
        carryOut(dissemination.close(id, at: moment.instant), at: moment)
        logger.debug("link closed", metadata: ["link": "\(id.rawValue)", "reason": "\(reason)"])
        if case .dialled(let endpoint) = link.direction {
            if link.session.configuration.standing == .strangerPeer {
                targets[endpoint]?.distrust(at: moment.instant)
            } else {
                targets[endpoint]?.lost(at: moment.instant)
            }
        }
        if let survivor = links.values.filter({ $0.leadsToSameProcess(as: link) }).max(by: { $0.order < $1.order }) {
            // This one would be dialled again and again only to be refused.
            rest(link, .whileOpen(survivor.id))
        }
        // One that was refused before it had greeted is known by its key.
        let met = link.session.peer?.station ?? link.session.configuration.expectedStation
        guard let station = met, peers[station] != nil else { return }
        let remains = links.values.contains { $0.session.peer?.station == station }
        updatePeer(station) { status in
            status.isConnected = remains
            status.lastEnd = reason
        }
    }

    /// Has the endpoint behind a link not dialled for now.
    func rest(_ link: Link, _ rest: DialTarget.Rest) {
        guard case .dialled(let endpoint) = link.direction else { return }
        targets[endpoint]?.take(rest)
        transport.hangUp(endpoint: endpoint)
    }

    private func flush(_ id: LinkID, at moment: Moment) {
        guard var link = links[id] else { return }
        while let frame = link.waiting.first {
            guard transport.send(frame, on: id) else { break }
            link.waiting.removeFirst()
            link.waitingBytes -= frame.count
        }
        links[id] = link
        if link.waiting.isEmpty { perform(on: id, at: moment) { $0.onLinkWritable(at: moment) } }
    }

    // MARK: - Changes

    /// Tells all sessions but one that new entries are held durably.
    ///
    /// What a peer sent does not move `positions`: another process may have written in between, and the peer that is left
    /// out here has not heard of that.
    ///
    /// - Parameter position: the place in the apply order up to which all entries are covered by `tips`, and those of earlier
    ///   calls; nil if that is not known.
    func announce(
        _ kind: LogKind, tips: [ChangeReference], upTo position: Int64? = nil, except source: LinkID?, at moment: Moment
    ) {
        switch kind {
        case .roster: refreshRoster(at: moment)
        case .data:
            // A log of this station that was lost may have come back.
            heldByPeers = [:]
            dissemination.noteHeld(tips, at: moment.instant)
        }
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) where id != source {
            perform(on: id, at: moment) { $0.onChangesAvailable(kind, tips: tips, upTo: position, at: moment) }
        }
    }

    /// Takes over a roster that changed: admissions, and sessions that may leave the lobby.
    func refreshRoster(at moment: Moment) {
        guard let newer = try? replica.roster() else { return }
        roster = newer
        epochCare.forgetRoster()
        admissions.update(from: newer)
        removeFormerMembers(at: moment)
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) { upgrade(id, at: moment) }
    }

    /// Ends the lobby of a link when the roster shows that both its ends are members.
    func upgrade(_ id: LinkID, at moment: Moment) {
        guard let link = links[id], link.session.configuration.standing != .members,
            roster.members[replica.identity.stationKey] != nil, let station = link.session.peer?.station,
            roster.member(withTransport: link.transport, claiming: station) != nil
        else { return }
        perform(on: id, at: moment) { $0.onUpgrade(at: moment) }
        notePresence(of: station, on: id, at: moment)
    }

    // MARK: - Dialling

    func dial(at moment: Moment) {
        refreshTargets(at: moment)
        let linked = Dictionary(grouping: links.values, by: \.direction)
        let live = links.mapValues(\.transport)
        for endpoint in targets.keys.sorted() where linked[.dialled(endpoint)] == nil {
            guard var target = targets[endpoint] else { continue }
            let isRefused = { (key: TransportKey) in self.admissions.admission(of: key) == .refused }
            if target.giveUp(where: isRefused) { transport.hangUp(endpoint: endpoint) }
            let key = target.next(
                roster: roster, own: replica.identity.stationKey, links: live, at: moment.instant, isRefused: isRefused)
            if target.isInquiryDue(at: moment.instant) { transport.inquire(endpoint: endpoint) }
            targets[endpoint] = target
            if let key { transport.dial(endpoint: endpoint, peer: key) }
        }
    }

    /// The endpoints to dial: those configured, else those that members publish, and those that beacons name.
    private func refreshTargets(at moment: Moment) {
        var wanted = configuration.peers
        if wanted.isEmpty {
            for member in roster.members.values where member.station != replica.identity.stationKey {
                wanted += member.endpoints.map { PeerAddress(endpoint: $0, transport: member.transport) }
            }
        }
        let known = Set(wanted.map(\.endpoint))
        let neighbours = neighbours(at: moment).filter { !known.contains($0.endpoint) }
        discovered = Dictionary(
            neighbours.map { ($0.endpoint, $0.transport ?? replica.identity.transportKey) },
            uniquingKeysWith: { first, _ in first })
        wanted += neighbours
        for address in wanted where targets[address.endpoint] == nil {
            targets[address.endpoint] = DialTarget(
                endpoint: address.endpoint, configured: address.transport, at: moment.instant)
        }
        let endpoints = Set(wanted.map(\.endpoint))
        for endpoint in targets.keys.sorted() where !endpoints.contains(endpoint) {
            targets[endpoint] = nil
            transport.hangUp(endpoint: endpoint)
        }
    }

    /// Takes a hint about who answers at an endpoint. The peer must still show a roster that admits it.
    private func take(hint key: TransportKey, endpoint: String, at moment: Moment) {
        guard targets[endpoint] != nil, !links.values.contains(where: { $0.direction == .dialled(endpoint) }) else {
            return
        }
        targets[endpoint]?.take(hint: key)
        dial(at: moment)
    }

    // MARK: - Status

    func updatePeer(_ station: StationKey, _ change: (inout PeerStatus) -> Void) {
        var status = peers[station] ?? PeerStatus()
        let before = status
        change(&status)
        if status == before { return }
        peers[station] = status
        changedPeers.insert(station)
    }
}

/// What an engine counted since it started.
public struct EngineCounters: Codable, Hashable, Sendable {
    /// Connections that did not become links.
    public var refusedConnections: UInt64 = 0
    /// Links that ended without a good-bye: the network broke, the peer died, or it sent a message without measure.
    public var brokenLinks: UInt64 = 0
    /// Messages that no frame can be; each cut its link.
    public var refusedMessages: UInt64 = 0
    /// Frames that decoded.
    public var framesReceived: UInt64 = 0
    /// Frames that did not decode; each ended its session.
    public var malformedFrames: UInt64 = 0
    /// Frames without effect, because what they bring came before.
    public var repeatedFrames: UInt64 = 0
    /// Frames that were dropped because they came faster than anybody needs.
    public var excessFrames: UInt64?
    /// Sessions that were ended because of what the peer sent.
    public var violations: UInt64 = 0
    /// Entries of both kinds of log that were stored.
    public var entriesApplied: UInt64 = 0
    /// Entries that are authentic but invalid: stored, without effect.
    public var entriesQuarantined: UInt64 = 0
    /// Batches that could not be applied for lack of disk space or the like.
    public var storeFailures: UInt64 = 0
    /// Bodies that were fetched again of entries that were held without them.
    public var bodiesFilled: UInt64?
    /// Links that were closed because another to the same process stays.
    public var duplicateLinks: UInt64 = 0
    /// Signs that this database was rolled back or cloned.
    public var incarnationHints: UInt64 = 0
    /// Damaged pages of the database that were put right, or made anew with the whole replica.
    public var mendings: UInt64?
    /// Batches with which a log was found to be forked.
    public var forks: UInt64?
    /// How often this station ended its lapse.
    public var returns: UInt64?
    /// Rows that were not what the logs make of them, and were made anew.
    public var rowsRepaired: UInt64?

    /// Everything that was turned away, at whatever layer. A malformed frame is among the violations: it ends its session.
    var refusals: UInt64 {
        refusedConnections + refusedMessages + repeatedFrames + (excessFrames ?? 0) + violations + entriesQuarantined
    }
}
