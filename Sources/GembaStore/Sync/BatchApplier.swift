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
    /// Branches that this batch began.
    private var newBranches = 0
    /// Branches that one batch may begin: a station that forks its log without end delays itself.
    private static let greatestNewBranches = 16

    /// - Parameter isUnwanted: whether the transaction should be given up.
    init(context: StoreContext, kind: LogKind, isUnwanted: @escaping () -> Bool) throws {
        self.isUnwanted = isUnwanted
        self.context = context
        self.kind = kind
        clock = HybridClock(latest: try context.state().latestTimestamp)
        wall = context.environment.sources.wallClock()
        calibration = context.environment.sources.calibration
    }

    /// Applies all runs that can be applied.
    ///
    /// - Throws: ``ApplyPace/GivenWay``, besides what the store fails with.
    mutating func apply(_ runs: ArraySlice<Run>) throws {
        let compression = RunCompression(of: runs)
        defer { compression?.cancel() }
        for index in runs.indices {
            try giveWay()
            do throws(Refusal) {
                try apply(runs[index], contents: { compression?.entries(ofRun: index) })
            } catch {
                switch error {
                case .problem(let problem):
                    outcome.meet(problem)
                    if problem == .forked { outcome.forked.insert(runs[index].replica) }
                case .failure(let failure): throw failure
                }
            }
        }
        try context.rows.merge(context.operations, as: changes, pausing: giveWay)
        try context.save(latestTimestamp: clock.latest)
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
        try authorise(verified)
        var deps: [[LocalDot]] = []
        for (entry, _) in verified.entries {
            deps.append(try resolve(entry.deps, kind: kind, otherwise: .missingDependency))
        }
        if let genesis = verified.genesis, kind == .data {
            _ = try resolve(genesis.rosterFrontier, kind: .roster, otherwise: .needsRoster)
        }
        try store(verified, run: run, place, deps: deps, contents: run.first == whole.first ? contents() : nil)
    }

    /// Where the part of a run begins that is not held.
    private enum Place {
        case beginning
        case end(LogTip)
        case fork(LocalDot, ChangeHash)

        /// The hash of the entry before.
        var hash: ChangeHash? {
            switch self {
            case .beginning: nil
            case .end(let tip): tip.hash
            case .fork(_, let hash): hash
            }
        }
    }

    /// The part of a run beyond what is held; nil when there is none.
    private mutating func unheldPart(of run: Run, held: LogTip?) throws(Refusal) -> (Run, Place)? {
        guard !run.entries.isEmpty else { throw .problem(.invalid("A run is empty.")) }
        guard let held else {
            if run.first > 0 { throw .problem(.missingDependency) }
            return (run, .beginning)
        }
        guard held.kind == kind else { throw .problem(.invalid("A run is of another kind of log.")) }
        // Names of branches are for vectors; heads and runs have the log's own.
        guard held.replica == held.author else { throw .problem(.invalid("A run names a branch as its log.")) }
        let placement = try attempt {
            try RunPlacer(log: context.log).place(run, in: held) { entry, dot in
                if calibration.contains(.mergesDuplicates) { try mergeAgain(entry, dot) }
            }
        }
        switch placement {
        case .held: return nil
        case .goesOn(let rest, let tip): return (rest, .end(tip))
        case .branchesOff(let rest, let fork, let hash):
            if newBranches == Self.greatestNewBranches { throw .problem(.missingDependency) }
            return (rest, .fork(fork, hash))
        case .isAhead: throw .problem(.missingDependency)
        case .contradicts: throw .problem(.forked)
        }
    }

    private mutating func mergeAgain(_ encoded: [UInt8], _ dot: LocalDot) throws {
        guard kind == .data, dot.sequence > 0 else { return }
        _ = try context.read(encoded[...], at: dot, into: &context.operations)
        changes.append(dot)
    }

    private func authorise(_ run: VerifiedRun) throws(Refusal) {
        let roster = try attempt { try context.roster() }
        switch kind {
        case .roster:
            guard roster.recognises(run) else { throw .problem(.needsRoster) }
        case .data:
            guard let member = roster.members[run.station] else { throw .problem(.needsRoster) }
            guard member.may(.writeData) else {
                throw .problem(.invalid("Station \(member.name) may not write data."))
            }
        }
    }

    private func resolve(
        _ references: [ChangeReference], kind: LogKind, otherwise problem: ApplyOutcome.Problem
    ) throws(Refusal) -> [LocalDot] {
        var dots: [LocalDot] = []
        for reference in references {
            guard let dot = try attempt({ try context.log.resolve(reference, kind: kind) }) else {
                if calibration.contains(.ignoresDependencies) { continue }
                throw .problem(problem)
            }
            dots.append(dot)
        }
        return dots
    }

    // MARK: - Storing

    private mutating func store(
        _ verified: VerifiedRun, run: Run, _ place: Place, deps: [[LocalDot]], contents: [SegmentEntries]?
    ) throws(Refusal) {
        do {
            var tip: LogTip
            var skipped = 0
            switch place {
            case .end(let end): tip = end
            case .fork(let fork, let hash):
                tip = try context.log.beginBranch(at: fork, previous: hash, first: verified.entries[0].hash)
                newBranches += 1
            case .beginning:
                guard let genesis = verified.genesis else { throw Refusal.problem(.missingDependency) }
                tip = try context.log.create(genesis, hash: verified.entries[0].hash, encoded: run.entries[0])
                skipped = 1
            }
            let entries = try take(verified, run: run, after: tip, deps: deps, skipping: skipped)
            try context.log.append(
                entries, to: &tip, deps: deps.flatMap(\.self), signature: verified.head.signature, contents: contents)
            outcome.entryCount += verified.entries.count
            outcome.advanced.append(tip.reference)
            if case .fork = place { try noteFork(of: tip) }
            if tip.station == context.environment.identity.stationKey { try noticeRecovery(of: tip) }
            if kind == .roster { try context.placeOwnJoin() }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .failure(error)
        }
    }

    /// Gathers what the entries of a run do to rows, and returns them as they are to be stored.
    private mutating func take(
        _ verified: VerifiedRun, run: Run, after tip: LogTip, deps: [[LocalDot]], skipping skipped: Int
    ) throws -> [StoredEntry] {
        var entries: [StoredEntry] = []
        entries.reserveCapacity(verified.entries.count)
        var ahead = tip
        for index in skipped..<verified.entries.count {
            let (entry, hash) = verified.entries[index]
            let dot = LocalDot(replica: ahead.number, sequence: ahead.sequence + 1)
            ahead.lamport = try context.log.lamport(after: ahead, deps: deps[index])
            ahead.sequence = dot.sequence
            if kind == .data { try context.history.record(dot, deps: deps[index]) }
            let timestamp = try take(entry, author: tip.author, at: dot, lamport: ahead.lamport)
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
    /// - Returns: when the change was made, or nil when it is invalid.
    private mutating func take(
        _ entry: Entry, author: ReplicaID, at dot: LocalDot, lamport: UInt64
    ) throws -> HybridTimestamp? {
        guard kind == .data else {
            guard let body = try? RosterBody(decoding: entry.body), body.lamport == lamport else { return nil }
            return body.timestamp
        }
        guard let content = try? Envelope.open(entry),
            let frame = try? context.operations.append(decoding: content[...], author: author, sequence: dot.sequence)
        else {
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
