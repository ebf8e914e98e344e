internal import GembaCausality
internal import GembaWire

/// What one end of a link tells the other about its vector in place of sending what is new.
///
/// An entry stays *open* until the peer is known to hold it, whoever it has it from, and is named again as long as it is
/// open. So a lost announcement delays, and never loses anything.
///
/// Source: the lazy push of Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007), section 3.2. There a
/// message is announced once; here an announcement is repeated until it is confirmed, since links lose frames.
struct Announcements: Sendable {
    private let limits: SessionLimits
    /// Entries of ours that the peer is not known to hold, the last of each log.
    private var open: [ReplicaID: Open] = [:]
    /// What the peer announced and this end has not confirmed.
    private var asked: [ReplicaID: SequenceNumber] = [:]
    private var confirmations: [ReplicaID: ChangeReference] = [:]
    private var repetition: Patience
    private var lastSent = Instant()

    /// A place in the apply order, and what the peer has still to hold for everything up to there to be held by it.
    private var mark: (position: Int64, awaited: [ReplicaID: SequenceNumber])?
    /// A place in the apply order up to which the peer holds everything.
    private(set) var heldPosition: Int64 = 0

    private struct Open: Sendable {
        var reference: ChangeReference
        var named: Instant?
    }

    init(limits: SessionLimits) {
        self.limits = limits
        repetition = Patience(from: limits.announcementRepetition, to: limits.greatestPatience)
    }

    // MARK: - Inputs

    /// A comparison showed what the peer is not to be told of; of everything else it may lack the last entry.
    mutating func begin(_ ours: VectorSnapshot, without withheld: VersionVector) {
        // What came after the snapshot is open already.
        open = open.filter { !withheld.contains($0.value.reference.dot) }
        for reference in ours.references where !withheld.contains(reference.dot) { add(reference) }
        setMark(at: ours.position)
    }

    /// This node holds new entries.
    ///
    /// - Parameters:
    ///   - known: what the peer holds.
    ///   - position: the place in the apply order up to which all entries have been told by now; nil if that is not known.
    mutating func note(_ tips: [ChangeReference], known: VersionVector, upTo position: Int64?) {
        for tip in tips {
            if let asked = asked[tip.replica], asked <= tip.sequence { confirm(tip) }
            if !known.contains(tip.dot) { add(tip) }
        }
        if mark == nil, let position { setMark(at: position) }
    }

    /// The peer is known to hold these, and everything before them in their logs.
    mutating func noteHeld(_ dots: some Sequence<Dot>) {
        for dot in dots {
            if let entry = open[dot.replica], entry.reference.sequence <= dot.sequence {
                open[dot.replica] = nil
                repetition.reset()
            }
            if let awaited = mark?.awaited[dot.replica], awaited <= dot.sequence {
                mark?.awaited[dot.replica] = nil
            }
        }
        passMark()
    }

    /// The peer announced these, and waits for a confirmation, unless both ends announced the same at the same time. Should
    /// ours have been lost, the peer announces it again.
    mutating func noteAsked(_ tips: [ChangeReference]) {
        for tip in tips where asked[tip.replica] != nil || asked.count < limits.replicas {
            if let entry = open[tip.replica], entry.named != nil, entry.reference.sequence >= tip.sequence { continue }
            asked[tip.replica] = max(asked[tip.replica] ?? 0, tip.sequence)
        }
    }

    /// This node holds what the peer announced.
    mutating func confirm(_ tips: [ChangeReference]) { for tip in tips { confirm(tip) } }

    private mutating func confirm(_ tip: ChangeReference) {
        guard let sequence = asked[tip.replica] else { return }
        if sequence <= tip.sequence { asked[tip.replica] = nil }
        confirmations[tip.replica] = tip
    }

    private mutating func add(_ reference: ChangeReference) {
        if let entry = open[reference.replica], entry.reference.sequence >= reference.sequence { return }
        open[reference.replica] = Open(reference: reference)
    }

    /// The peer was found not to hold what it was believed to hold.
    mutating func forgetHeldPosition() {
        heldPosition = 0
        mark = nil
    }

    private mutating func setMark(at position: Int64) {
        mark = (position, open.mapValues(\.reference.sequence))
        passMark()
    }

    private mutating func passMark() {
        guard let reached = mark, reached.awaited.isEmpty else { return }
        heldPosition = max(heldPosition, reached.position)
        mark = nil
    }

    // MARK: - Output

    /// What to say now: at once when `isPressing`, else when enough time has passed for several to go together.
    mutating func message(at now: Instant, isPressing: Bool = false) -> AnnounceMessage? {
        guard !open.isEmpty || !confirmations.isEmpty else { return nil }
        let elapsed = lastSent.duration(to: now)
        guard isPressing || elapsed >= limits.announcement else { return nil }
        let due = open.values.filter { isDue($0, at: now) }
        guard !due.isEmpty || (!confirmations.isEmpty && (isPressing || elapsed >= limits.confirmation)) else {
            return nil
        }
        lastSent = now
        let new = name(due, at: now)
        return AnnounceMessage(new: new, held: takeConfirmations(without: new))
    }

    private func isDue(_ entry: Open, at now: Instant) -> Bool {
        entry.named.map { $0.duration(to: now) >= repetition.current } ?? true
    }

    private mutating func name(_ due: [Open], at now: Instant) -> [ChangeReference] {
        let named = due.sorted { $0.reference.replica < $1.reference.replica }.prefix(Limits.announcedEntries)
        if named.contains(where: { $0.named != nil }) { repetition.grow() }
        for entry in named { open[entry.reference.replica]?.named = now }
        return named.map(\.reference)
    }

    /// What is announced needs no confirmation besides.
    private mutating func takeConfirmations(without new: [ChangeReference]) -> [ChangeReference] {
        for reference in new { confirmations[reference.replica] = nil }
        let taken = confirmations.values.sorted { $0.replica < $1.replica }.prefix(Limits.announcedEntries)
        for reference in taken { confirmations[reference.replica] = nil }
        return Array(taken)
    }
}
