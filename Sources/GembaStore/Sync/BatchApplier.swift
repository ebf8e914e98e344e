import GembaCausality
import GembaTrust
import GembaWire

/// Applies a batch of runs in one transaction: verifies every run before anything of it is stored, then merges the
/// operations of the whole batch row by row.
///
/// A run that cannot be applied does not stop the others.
struct BatchApplier {
    let context: StoreContext
    let kind: LogKind
    private(set) var outcome = ApplyOutcome()
    /// Logs of this station that grew: a peer gave back what the database had lost.
    private(set) var recovered: [LogTip] = []
    /// The changes whose operations were gathered in the context.
    private var changes: [LocalDot] = []
    private var clock: HybridClock
    private let wall: UInt64
    private let calibration: StoreCalibration
    private let isUnwanted: () -> Bool
    /// Whether this station keeps what it cannot read.
    private let isBlind: Bool
    /// Branches that this batch began.
    private var newBranches = 0
    /// Branches that one batch may begin: a station that forks its log without end delays itself.
    private static let greatestNewBranches = 16
    /// The entry that was set aside last: the next run may follow it.
    private var lastSetAside: (reference: ChangeReference, hash: ChangeHash)?
    /// Whether something is held that may not count: more of a former member's forked log is there, so that another branch of it
    /// may not; or something was adopted for the sake of an entry that could not be applied after all.
    private(set) var mayWithdraw = false

    /// - Parameter isUnwanted: whether the transaction should be given up.
    init(context: StoreContext, kind: LogKind, isUnwanted: @escaping () -> Bool) throws {
        self.isUnwanted = isUnwanted
        self.context = context
        self.kind = kind
        clock = HybridClock(latest: try context.state().latestTimestamp)
        wall = context.environment.sources.wallClock()
        calibration = context.environment.sources.calibration
        isBlind = try context.isBlind()
    }

    /// Applies all runs that can be applied.
    ///
    /// - Throws: ``ApplyPace/GivenWay``, besides what the store fails with.
    mutating func apply(_ runs: ArraySlice<Run>) throws {
        let compression = RunCompression(of: runs)
        defer { compression?.cancel() }
        if kind == .data {
            context.operations.reserve(
                changes: runs.reduce(0) { $0 + $1.entries.count }, bytes: runs.reduce(0) { $0 + $1.entryBytes })
        }
        for index in runs.indices {
            try giveWay()
            let before = outcome.entryCount
            do throws(Refusal) {
                try apply(runs[index], contents: { compression?.entries(ofRun: index) })
            } catch {
                switch error {
                case .problem(let problem):
                    outcome.meet(problem)
                    // What is held more than before was adopted for it.
                    if outcome.entryCount > before { mayWithdraw = true }
                    if problem == .forked { outcome.forked.insert(runs[index].replica) }
                case .failure(let failure): throw failure
                }
            }
        }
        try mergeGathered()
        try context.save(latestTimestamp: clock.latest)
    }

    /// Contents of changes that are gathered before they are merged. More would cost pages less, but a small entry may have a
    /// content of ``Limits/contentBytes``, and the window lets thousands come at once.
    private static let gatheredBytes = 32 << 20

    private mutating func mergeGathered() throws {
        try context.rows.merge(context.operations, as: changes, pausing: giveWay)
        context.operations.removeAll()
        changes.removeAll(keepingCapacity: true)
    }

    private func giveWay() throws {
        if isUnwanted() { throw ApplyPace.GivenWay() }
    }

    /// Why a run is not applied: the run's fault, or the store's.
    private enum Refusal: Error {
        case problem(ApplyOutcome.Problem)
        case failure(any Error)
    }

    private func attempt<Result>(_ body: () throws -> Result) throws(Refusal) -> Result {
        do { return try body() } catch { throw .failure(error) }
    }

    // MARK: - One run

    /// - Parameter contents: what stands in the segments of the run, if that was made ready.
    private mutating func apply(_ whole: Run, contents: () -> [SegmentEntries]?) throws(Refusal) {
        let held = try attempt { try context.log.tip(of: whole.replica) }
        guard let (run, place) = try unheldPart(of: whole, held: held) else { return }
        let verified: VerifiedRun
        do {
            let predecessor = held.flatMap { tip in place.hash.map { ($0, tip.station) } }
            verified = try VerifiedRun(
                verifying: run, kind: kind, plant: context.environment.plant,
                after: predecessor.map { .init(hash: $0, station: $1) })
        } catch {
            throw .problem(.invalid(error.message))
        }
        let count = try countedEntries(of: verified, at: place)
        try checkQuota(of: verified, at: place, byteCount: run.entryBytes)
        try requireKeys(for: verified.entries.prefix(count), of: run.replica)
        let references = try attempt {
            let names = try RunNames(verified, place, context.log)
            return try verified.entries.prefix(count).enumerated().map { try names.outward($1.entry.deps, of: $0) }
        }
        if let genesis = verified.genesis, kind == .data {
            _ = try resolve([genesis.rosterFrontier], kind: .roster, otherwise: .needsRoster)
        }
        let deps = try resolve(references, kind: kind, otherwise: .missingDependency)
        let isWhole = run.first == whole.first && count == verified.entries.count
        try store(verified, count, run: run, place, deps: deps, contents: isWhole ? contents() : nil)
        if count < verified.entries.count { try setAside(run, from: count, of: verified) }
    }

    // MARK: - Authors

    /// How many entries of a run count: all, unless its author is no member any more, or never came to be one.
    private func countedEntries(of run: VerifiedRun, at place: RunPlace) throws(Refusal) -> Int {
        let roster = try attempt { try context.roster() }
        guard kind == .data else {
            guard roster.recognises(run) else { throw .problem(.needsRoster) }
            if calibration.contains(.keepsOwnMembership), run.removes(context.environment.identity.stationKey) {
                throw .problem(.needsRoster)
            }
            return run.entries.count
        }
        guard roster.knows(run.station) else { throw .problem(.needsRoster) }
        guard roster.mayHaveWritten(run.station) else {
            let name = roster.presentOrFormerMember(run.station)?.name ?? run.station.description
            throw .problem(.invalid("Station \(name) may not write data."))
        }
        let end = try attempt {
            try EffectiveEnds(context, roster).end(of: .init(run, on: place.chain), by: run.station)
        }
        guard let end else { return run.entries.count }
        return end < run.first ? 0 : min(run.entries.count, Int(end - run.first) + 1)
    }

    /// Keeps what does not count of a run, in case that somebody built on it before he knew.
    private mutating func setAside(_ run: Run, from count: Int, of verified: VerifiedRun) throws(Refusal) {
        let rest = count == 0 ? run : run.dropFirst(count, after: verified.entries[count - 1].hash.prefix)
        try attempt {
            guard let number = try context.log.tip(of: run.replica)?.number, try context.log.setAside(rest, of: number),
                let hash = verified.entries.last?.hash
            else { return }
            lastSetAside = (ChangeReference(replica: run.replica, sequence: run.last, prefix: hash.prefix), hash)
        }
        outcome.meet(.needsRoster)
    }

    // MARK: - What was set aside

    /// Has an entry of a former member count that was set aside, with all before it: an entry that counts was built on it. Does
    /// nothing about what is held, or was never set aside.
    private mutating func adopt(_ reference: ChangeReference) throws(Refusal) {
        let finder = VoidRunFinder(context: context)
        while try attempt({ try context.log.resolve(reference, kind: .data) }) == nil {
            let path = try attempt { try finder.path(to: reference) }
            let before = outcome.entryCount
            for (kept, last) in path {
                guard let found = try attempt({ try finder.place(kept) }), found.run.first <= last else { break }
                guard try adopt(found, through: last) else { break }
            }
            if outcome.entryCount == before { return }
        }
    }

    /// Has the entries of a run count that was set aside, up to one.
    ///
    /// - Returns: whether all of them are held now. What some of them stand on may have changed what was set aside, and where it
    ///   belongs.
    private mutating func adopt(_ found: VoidRunFinder.Found, through last: SequenceNumber) throws(Refusal) -> Bool {
        let (run, entries) = (found.run, found.verified.entries)
        let count = Int(min(last, run.last) - run.first) + 1
        let names = try attempt { try RunNames(found.verified, found.place, context.log) }
        let deps = try heldCauses(of: entries.prefix(count), names)
        if deps.isEmpty {
            let references = try attempt { try names.outward(entries[0].entry.deps, of: 0) }
            _ = try resolve([references], kind: .data, otherwise: .missingDependency)
            return false
        }
        try requireKeys(for: entries.prefix(deps.count), of: run.replica)
        try attempt { try context.log.forgetVoid(found.kept) }
        try store(found.verified, deps.count, run: run, found.place, deps: deps, contents: nil)
        if deps.count < run.entries.count {
            let rest = run.dropFirst(deps.count, after: entries[deps.count - 1].hash.prefix)
            _ = try attempt { try context.log.setAside(rest, of: found.kept.log) }
        }
        return deps.count == count
    }

    /// What entries depend on, of as many as depend only on what is held.
    private func heldCauses(
        of entries: ArraySlice<(entry: Entry, hash: ChangeHash)>, _ names: RunNames
    ) throws(Refusal) -> [[LocalDot]] {
        var causes: [[LocalDot]] = []
        for (index, (entry, _)) in entries.enumerated() {
            var dots: [LocalDot] = []
            for reference in try attempt({ try names.outward(entry.deps, of: index) }) {
                if let dot = try attempt({ try context.log.resolve(reference, kind: .data) }) {
                    dots.append(dot)
                } else if !calibration.contains(.ignoresDependencies) {
                    return causes
                }
            }
            causes.append(dots)
        }
        return causes
    }

    /// Applies what was set aside and counts again. What cannot be applied yet stays where it is.
    mutating func readmit() throws {
        let finder = VoidRunFinder(context: context)
        var isDone = false
        while !isDone {
            isDone = true
            for log in try context.log.logsWithVoid() {
                for kept in try context.log.voidRuns(of: log.number) {
                    if try finder.isHeld(kept) { try context.log.forgetVoid(kept) }
                    guard let (found, last) = try finder.counting(kept) else { continue }
                    do throws(Refusal) {
                        _ = try adopt(found, through: last)
                        isDone = false
                    } catch {
                        if case .failure(let failure) = error { throw failure }
                    }
                }
            }
        }
        try mergeGathered()
        try context.save(latestTimestamp: clock.latest)
    }

    /// The part of a run beyond what is held; nil when there is none.
    private mutating func unheldPart(of run: Run, held: LogTip?) throws(Refusal) -> (Run, RunPlace)? {
        guard !run.entries.isEmpty else { throw .problem(.invalid("A run is empty.")) }
        guard let held else {
            if run.first > 0 { throw .problem(.missingDependency) }
            return (run, .beginning)
        }
        guard held.kind == kind else { throw .problem(.invalid("A run is of another kind of log.")) }
        // Names of branches are for vectors; heads and runs have the log's own.
        guard held.replica == held.author else { throw .problem(.invalid("A run names a branch as its log.")) }
        let placement = try attempt {
            try RunPlacer(log: context.log).place(run, in: held) { _, dot in
                if calibration.contains(.mergesDuplicates) { try mergeAgain(dot) }
            }
        }
        switch placement {
        case .held:
            outcome.heldCount += run.entries.count
            return nil
        case .isAhead, .contradicts:
            if let hash = try attempt({ try hashSetAside(before: run) }) { return (run, .aside(hash)) }
            guard case .contradicts(let rest, let hash) = placement else { throw .problem(.missingDependency) }
            try checkSignature(of: rest, after: hash, by: held.station)
            throw .problem(.forked)
        case .goesOn(let rest, let place):
            if case .fork = place, newBranches == Self.greatestNewBranches { throw .problem(.missingDependency) }
            outcome.heldCount += run.entries.count - rest.entries.count
            return (rest, place)
        }
    }

    /// Whoever carries an entry that its author never signed shows no fork.
    private func checkSignature(of run: Run, after hash: ChangeHash?, by station: StationKey) throws(Refusal) {
        if run.first > 0, hash == nil { return }
        do {
            _ = try VerifiedRun(
                verifying: run, kind: kind, plant: context.environment.plant,
                after: hash.map { .init(hash: $0, station: station) })
        } catch {
            throw .problem(.invalid(error.message))
        }
    }

    /// The hash of the entry before a run, if that was set aside.
    private func hashSetAside(before run: Run) throws -> ChangeHash? {
        guard kind == .data, let previous = run.previous else { return nil }
        let reference = ChangeReference(replica: run.replica, sequence: run.first - 1, prefix: previous)
        if let last = lastSetAside, last.reference == reference { return last.hash }
        return try VoidRunFinder(context: context).hash(of: reference)
    }

    private mutating func mergeAgain(_ dot: LocalDot) throws {
        guard kind == .data, dot.sequence > 0, let segment = try context.log.segment(of: dot) else { return }
        _ = try context.read(dot.sequence, in: segment, into: &context.operations)
        changes.append(dot)
    }

    private mutating func checkQuota(of run: VerifiedRun, at place: RunPlace, byteCount: Int) throws(Refusal) {
        if run.station == context.environment.identity.stationKey { return }
        let quota = context.environment.quota
        let isAdmitted = try attempt {
            switch kind {
            case .data:
                return try quota.admits(run, byteCount: byteCount) { try context.log.storedBytes(of: run.station) }
            case .roster:
                let inherited = if case .fork = place { run.first } else { SequenceNumber(0) }
                let held = try context.log.foldedRosterEntries(of: run.station)
                return quota.admits(rosterRun: run, length: held + inherited + UInt64(run.entries.count))
            }
        }
        guard !isAdmitted else { return }
        outcome.overQuota.insert(run.station)
        throw .problem(.overQuota)
    }

    /// A station that reads takes nothing that it cannot open yet: what a change replaces is known only from its body. The key comes
    /// with the roster, and the run is asked for again when that has grown.
    private func requireKeys(
        for entries: ArraySlice<(entry: Entry, hash: ChangeHash)>, of replica: ReplicaID
    ) throws(Refusal) {
        if isBlind { return }
        var latest: EpochID?
        for (entry, _) in entries {
            guard let epoch = entry.seal?.epoch, epoch != latest else { continue }
            guard try attempt({ try context.log.sealKey(of: replica, in: epoch) }) != nil else {
                throw .problem(.needsRoster)
            }
            latest = epoch
        }
    }

    /// What entries depend on, for each of them. What was set aside of that is taken in, if nothing else is missing.
    private mutating func resolve(
        _ references: [[ChangeReference]], kind: LogKind, otherwise problem: ApplyOutcome.Problem
    ) throws(Refusal) -> [[LocalDot]] {
        var (dots, missing) = try find(references, kind: kind)
        if kind == .data, !missing.isEmpty {
            let finder = VoidRunFinder(context: context)
            let lost = try attempt { try finder.lost(among: missing) }
            if lost == nil {
                for reference in missing { try adopt(reference) }
                (dots, missing) = try find(references, kind: kind)
            }
            if let wanted = lost ?? missing.first { try attempt { try noteWanted(wanted) } }
        } else if let wanted = missing.first {
            try attempt { try noteWanted(wanted) }
        }
        guard missing.isEmpty || calibration.contains(.ignoresDependencies) else { throw .problem(problem) }
        return dots
    }

    private func find(
        _ references: [[ChangeReference]], kind: LogKind
    ) throws(Refusal) -> (dots: [[LocalDot]], missing: [ChangeReference]) {
        var missing: [ChangeReference] = []
        let dots = try attempt {
            try references.map { references in
                try references.compactMap { reference in
                    let dot = try context.log.resolve(reference, kind: kind)
                    if dot == nil { missing.append(reference) }
                    return dot
                }
            }
        }
        return (dots, missing)
    }

    /// The quota knows logs by the names in their headers.
    private func noteWanted(_ reference: ChangeReference) throws {
        var reference = reference
        if let number = try context.numbers.number(of: reference.replica, on: context.connection) {
            reference.replica = try context.log.author(of: number)
        } else if kind == .roster {
            return context.environment.quota.noteWanted(at: reference.sequence)
        }
        context.environment.quota.noteWanted(reference)
    }

    // MARK: - Storing

    private mutating func store(
        _ verified: VerifiedRun, _ count: Int, run: Run, _ place: RunPlace, deps: [[LocalDot]],
        contents: [SegmentEntries]?
    ) throws(Refusal) {
        if count == 0 { return }
        do {
            var tip: LogTip
            var skipped = 0
            switch place {
            case .end(let end): tip = end
            case .fork(let fork, let hash):
                tip = try context.log.beginBranch(at: fork, previous: hash, first: verified.entries[0].hash)
                newBranches += 1
            case .aside: throw Refusal.problem(.missingDependency)
            case .beginning:
                guard let genesis = verified.genesis else { throw Refusal.problem(.missingDependency) }
                tip = try context.log.create(genesis, hash: verified.entries[0].hash, encoded: run.entries[0])
                skipped = 1
            }
            var next = skipped
            repeat {
                let start = next
                let entries = try take(verified, through: count, run: run, after: tip, deps: deps, from: &next)
                let isLast = next == count
                try context.log.append(
                    entries, to: &tip, deps: deps[start..<next].flatMap(\.self),
                    signature: isLast && count == verified.entries.count ? verified.head.signature : nil,
                    contents: isLast && start == skipped ? contents : nil)
                if context.operations.byteCount >= Self.gatheredBytes { try mergeGathered() }
            } while next < count
            outcome.entryCount += count
            outcome.advanced.append(tip.reference)
            if kind == .data { context.environment.quota.add(run.entryBytes, of: tip.station) }
            if case .fork = place { try noteFork(of: tip) }
            if kind == .data, try context.log.branches().isForked(tip.number),
                try context.roster().members[tip.station] == nil
            {
                mayWithdraw = true
            }
            if tip.station == context.environment.identity.stationKey { try noticeRecovery(of: tip) }
            if kind == .roster { try context.placeOwnJoin() }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .failure(error)
        }
    }

    /// Gathers what the entries of a run do to rows, until enough is gathered, and returns them as they are to be stored.
    ///
    /// - Parameter place: the first entry, and then the one after the last.
    private mutating func take(
        _ verified: VerifiedRun, through end: Int, run: Run, after tip: LogTip, deps: [[LocalDot]],
        from place: inout Int
    ) throws -> [StoredEntry] {
        var entries: [StoredEntry] = []
        entries.reserveCapacity(end - place)
        var ahead = tip
        while place < end, entries.isEmpty || context.operations.byteCount < Self.gatheredBytes {
            let index = place
            place += 1
            let (entry, hash) = verified.entries[index]
            let dot = LocalDot(replica: ahead.number, sequence: ahead.sequence + 1)
            ahead.lamport = try context.log.lamport(after: ahead, deps: deps[index])
            ahead.sequence = dot.sequence
            if kind == .data { try context.history.record(dot, deps: deps[index]) }
            let place = Envelope.Place(
                replica: tip.author, sequence: dot.sequence,
                previous: index == 0 ? tip.hash : verified.entries[index - 1].hash)
            let timestamp = try take(entry, at: dot, place, lamport: ahead.lamport)
            entries.append(
                StoredEntry(
                    sequence: dot.sequence, hash: hash, timestamp: timestamp ?? HybridTimestamp(rawValue: 0),
                    lamport: ahead.lamport, isQuarantined: timestamp == nil, encoded: run.entries[index]))
        }
        return entries
    }

    /// Gathers what an entry does to rows. Whether it is valid is decided by its bytes and its causal past alone, so every
    /// replica decides alike, and the entry keeps its place in the log.
    ///
    /// - Returns: when the change was made, or nil when it is invalid. Of what only others can read nothing is known, not even that.
    private mutating func take(
        _ entry: Entry, at dot: LocalDot, _ place: Envelope.Place, lamport: UInt64
    ) throws -> HybridTimestamp? {
        guard kind == .data else {
            guard let body = try? RosterBody(decoding: entry.body), body.lamport == lamport else { return nil }
            return body.timestamp
        }
        if isBlind, entry.seal != nil { return HybridTimestamp(rawValue: 0) }
        guard let frame = try? context.read(entry, at: place, into: &context.operations) else {
            outcome.quarantinedCount += 1
            return nil
        }
        guard try frame.lamport == lamport && isPast(frame.references, of: dot) else {
            context.operations.removeLastChange()
            outcome.quarantinedCount += 1
            return nil
        }
        try context.translate(&context.operations, frame.references, at: dot)
        changes.append(dot)
        clock.observe(frame.timestamp, wall: wall)
        return frame.timestamp
    }

    /// Whether a change had seen all that it refers to, by number and hash.
    ///
    /// One that names what it had not seen could replace a write before it is made, and replicas which received the two
    /// in different orders would differ.
    private func isPast(_ references: [ChangeReference], of dot: LocalDot) throws -> Bool {
        for reference in references {
            guard let named = try context.log.resolve(reference, kind: .data),
                try context.history.hasSeen(named, by: dot),
                try context.isProven(reference.replica, by: dot)
            else { return false }
        }
        return true
    }

    /// Someone held more of a log that this database writes: it was rolled back, and goes on under a new name.
    private mutating func noticeRecovery(of tip: LogTip) throws {
        recovered.append(tip)
        guard let current = try context.state().current(kind),
            try context.log.branches().chains(of: current).contains(tip.number)
        else { return }
        try context.requireNewIncarnation()
    }

    /// A branch has begun: what follows the fork has another name than before.
    private mutating func noteFork(of tip: LogTip) throws {
        for number in try context.log.branches().chains(of: tip.number) {
            guard let chain = try context.log.tip(number: number) else { continue }
            outcome.renamed += try context.log.references(to: chain)
            try context.renewConflicts(over: context.log.ends(of: chain).map(\.replica))
        }
    }
}

extension Roster {
    /// Whether a run of a roster log belongs into the store. Whatever follows in a log that is stored belongs there too.
    fileprivate func recognises(_ run: VerifiedRun) -> Bool {
        guard let genesis = run.genesis else { return true }
        var log = RosterLog(genesis: genesis, genesisHash: run.entries[0].hash)
        for (entry, hash) in run.entries.dropFirst() { log.append(RosterLog.Entry(entry, hash: hash)) }
        return recognises(log)
    }
}

extension VerifiedRun {
    /// Whether an entry of a roster log removes a station.
    fileprivate func removes(_ station: StationKey) -> Bool {
        entries.contains { entry, _ in
            ((try? RosterBody(decoding: entry.body))?.acts ?? []).contains { act in
                switch act {
                case .revoke(station, _), .retire(station, _): true
                default: false
                }
            }
        }
    }
}
