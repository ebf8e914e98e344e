public import GembaCausality
public import GembaTrust
public import GembaWire
import Synchronization

/// What a node needs of a replica to keep it in step with others.
extension Replica {
    /// How much of every log is held, sorted by replica. Every entry is a sequence number with a kept signature, or the last one
    /// before a fork.
    public func vector(of kind: LogKind) throws -> [ChangeReference] {
        try withReader { try $0.log.vector(of: kind) }
    }

    /// The vector together with the place of the newest entry, up to where logs are folded, and the branches that it shows, of one
    /// moment.
    ///
    /// - Parameter showsBranches: whether forked logs are shown with all their branches, or as the half that came first.
    public func snapshot(
        of kind: LogKind, showsBranches: Bool = true
    ) throws -> (vector: [ChangeReference], position: Int64, floors: VersionVector, branches: [Branch]) {
        try withReader { context in
            (
                try context.log.vector(of: kind, showsBranches: showsBranches), try context.log.lastPosition(of: kind),
                kind == .data ? try context.log.floors() : VersionVector(),
                showsBranches ? try context.log.allBranches(of: kind) : []
            )
        }
    }

    /// The place of the newest entry of each kind in apply order, all at one moment.
    public func lastPositions() throws -> [LogKind: Int64] {
        try withReader { context in
            try Dictionary(
                uniqueKeysWithValues: LogKind.allCases.map { ($0, try context.log.lastPosition(of: $0)) })
        }
    }

    /// The place of the newest entry in apply order; 0 when there is none.
    public func lastPosition(of kind: LogKind) throws -> Int64 {
        try withReader { try $0.log.lastPosition(of: kind) }
    }

    /// Entries in this replica's apply order, as runs that end at signed heads.
    ///
    /// Own entries are returned only after the side file remembers them durably: nothing is sent that a restored
    /// database could forget.
    ///
    /// - Parameters:
    ///   - position: entries after it are returned.
    ///   - known: entries that it contains are left out.
    ///   - maximumBytes: the size at which no more entries are added; a single commit group may be larger.
    ///   - included: the only logs to read, each up to the head at an entry or behind it; nil for all of all.
    ///   - showsBranches: whether all halves of forked logs are read, or only those that came first.
    /// - Returns: the runs, the position that was reached, and whether nothing lies behind it.
    public func runs(
        of kind: LogKind, after position: Int64, excluding known: VersionVector, maximumBytes: Int,
        including included: VersionVector? = nil, showsBranches: Bool = true
    ) throws -> (runs: [Run], position: Int64, reachedEnd: Bool) {
        let collector = try withReader { context in
            var collector = try RunCollector(
                context: context, kind: kind, maximumBytes: maximumBytes, included: included,
                showsBranches: showsBranches)
            try collector.collect(after: position, excluding: known)
            return collector
        }
        if !collector.ownTips.isEmpty { try record(collector.ownTips, durable: true) }
        return (collector.runs, collector.position, collector.reachedEnd)
    }

    /// The ends of all logs of which something was stored after a position, sorted by replica, with the place of the newest
    /// entry and the branches of forked logs, of one moment.
    ///
    /// Ends of own logs are returned only after the side file remembers them durably, as entries are.
    public func tips(
        of kind: LogKind, after position: Int64
    ) throws -> (tips: [ChangeReference], position: Int64, branches: [Branch]) {
        let (tips, last, branches) = try withReader { context in
            var numbers: Set<Int64> = []
            var last = position
            try context.log.scanStretches(of: kind, after: position) { stretch in
                if stretch.end - 1 > position { numbers.insert(stretch.replica) }
                last = stretch.end - 1
                return true
            }
            return (
                try numbers.compactMap { try context.log.tip(number: $0) }, last, try context.log.allBranches(of: kind)
            )
        }
        let own = tips.filter { $0.station == identity.stationKey }
        if !own.isEmpty { try record(own, durable: true) }
        return (tips.map(\.reference).sorted { $0.replica < $1.replica }, last, branches)
    }

    /// Those of the references to data that name what is not held.
    public func lacking(_ references: [ChangeReference]) throws -> [ChangeReference] {
        try withReader { context in
            try references.filter { reference in
                try context.log.resolve(reference, kind: .data) == nil
            }
        }
    }

    /// Calls `body` with every entry stored after a position, in apply order. Its dot has the name that its header has, also on a
    /// branch.
    package func forEachEntry(
        of kind: LogKind, after position: Int64,
        _ body: ((position: Int64, dot: Dot, prefix: HashPrefix, station: StationKey, encoded: [UInt8])) throws -> Void
    ) throws {
        try withReader { context in
            try context.log.scanEntries(of: kind, after: position) { stretch, segment, sequence in
                guard let tip = try context.log.tip(number: stretch.replica) else { return true }
                try body(
                    (
                        stretch.position(of: sequence), Dot(tip.author, sequence), segment.record(sequence).prefix,
                        tip.station,
                        Array(segment.entry(sequence))
                    ))
                return true
            }
        }
    }

    /// Whether an entry is held.
    package func holds(_ reference: ChangeReference, kind: LogKind) throws -> Bool {
        try withReader { context in
            guard let dot = try context.log.resolve(reference, kind: kind) else { return false }
            return try context.log.tip(number: dot.replica).map { dot.sequence <= $0.sequence } ?? false
        }
    }

    /// Applies a batch from a peer. Signatures and hash chains are verified before anything is stored.
    ///
    /// It is one transaction as long as nobody waits to make a change here. When somebody does, what was begun is taken back,
    /// and the runs go in pieces between which others write.
    ///
    /// - Throws: ``StoreError``. Pieces that were applied before stay applied, and do no harm when they come again.
    public func apply(_ runs: [Run], kind: LogKind) throws -> ApplyOutcome {
        var outcome = ApplyOutcome()
        var rest = runs[...]
        while !rest.isEmpty {
            let piece = pace.withLock { $0.piece(of: rest) }
            do {
                outcome.add(try apply(piece.runs, kind: kind, givesWay: piece.givesWay))
            } catch is ApplyPace.GivenWay {
                pace.withLock { $0.slow() }
                waiting.letPass()
                continue
            }
            rest = rest.dropFirst(piece.runs.count)
            pace.withLock { $0.quicken() }
        }
        return outcome
    }

    private func apply(_ runs: ArraySlice<Run>, kind: LogKind, givesWay: Bool) throws -> ApplyOutcome {
        var (outcome, recovered, mayWithdraw) = try write { context in
            var applier = try BatchApplier(
                context: context, kind: kind,
                isUnwanted: { [waiting] in givesWay && waiting.isAnyone })
            try applier.apply(runs)
            return (applier.outcome, applier.recovered, applier.mayWithdraw)
        }
        if !recovered.isEmpty { try record(recovered, durable: false) }
        if mayWithdraw { outcome.hasWithdrawn = try settleRemovals() }
        return outcome
    }

    /// The members and their keys.
    public func roster() throws -> Roster {
        try withReader { try $0.roster() }
    }

    /// The station that writes a log, or nil when nothing of it is held.
    public func station(writing replica: ReplicaID) throws -> StationKey? {
        try withReader { try $0.log.tip(of: replica)?.station }
    }

    /// The newest signed heads held of a station's data logs, at most ``Limits/heldHeads``.
    public func heads(heldOf station: StationKey) throws -> [SignedHead] {
        try withReader { context in
            try context.log.tips(of: station).filter { $0.kind == .data }.suffix(Limits.heldHeads)
                .compactMap { try context.log.head(at: $0) }
        }
    }

    /// The tip of the log that this database writes, or nil before the first change.
    public func currentTip() throws -> ChangeReference? {
        try withReader { context in
            try context.state().dataReplica.flatMap { try context.log.tip(number: $0) }?.reference
        }
    }

    /// Considers what a peer holds of this station's logs. A head that this station signed, beyond or beside what is
    /// held, proves that the database was rolled back: it goes on under a new name from its next write on.
    ///
    /// Heads that this station's key did not sign are ignored, or any liar could make it change its name.
    ///
    /// - Returns: whether the database was found to be rolled back.
    @discardableResult
    public func notice(evidence heads: [SignedHead]) throws -> Bool {
        let authentic = heads.filter { HeadVerification.isValid($0, by: identity.stationKey, plant: plant) }
        if authentic.isEmpty { return false }
        return try write { context in
            let state = try context.state()
            for head in authentic {
                guard let tip = try context.log.tip(of: head.replica), tip.number == state.dataReplica else { continue }
                if try context.log.resolve(head.reference, kind: .data) != nil { continue }
                try context.requireNewIncarnation()
                return true
            }
            return false
        }
    }

    /// Goes on under a new name from the next write on, as after a hint that the machine was cloned.
    public func openNewIncarnation() throws {
        try write { try $0.requireNewIncarnation() }
    }
}
