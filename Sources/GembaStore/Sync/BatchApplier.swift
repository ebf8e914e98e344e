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
        guard let run = try unheldPart(of: whole, held: held) else { return }
        let verified: VerifiedRun
        do {
            verified = try VerifiedRun(
                verifying: run, kind: kind, plant: context.environment.plant,
                after: held.map { .init(hash: $0.hash, station: $0.station) })
        } catch {
            throw .problem(.invalid(error.message))
        }
        try authorise(verified, byteCount: run.entryBytes)
        var deps: [[LocalDot]] = []
        for (entry, _) in verified.entries {
            deps.append(try resolve(entry.deps, kind: kind, otherwise: .missingDependency))
        }
        if let genesis = verified.genesis, kind == .data {
            _ = try resolve(genesis.rosterFrontier, kind: .roster, otherwise: .needsRoster)
        }
        try store(verified, run: run, held: held, deps: deps, contents: run.first == whole.first ? contents() : nil)
    }

    /// The part of a run beyond what is held; nil when there is none.
    private mutating func unheldPart(of run: Run, held: LogTip?) throws(Refusal) -> Run? {
        guard !run.entries.isEmpty else { throw .problem(.invalid("A run is empty.")) }
        guard let held else {
            if run.first > 0 { throw .problem(.missingDependency) }
            return run
        }
        guard held.kind == kind else { throw .problem(.invalid("A run is of another kind of log.")) }
        if run.first > held.sequence + 1 { throw .problem(.missingDependency) }
        let overlap = Int(min(held.sequence + 1 - run.first, UInt64(run.entries.count)))
        for index in 0..<overlap {
            let dot = LocalDot(replica: held.number, sequence: run.first + UInt64(index))
            // What is folded cannot be compared; that the rest follows what is held here shows that it was the same.
            guard let stored = try attempt({ try context.log.entry(at: dot) }) else { continue }
            guard stored.elementsEqual(run.entries[index]) else { throw .problem(.forked) }
            if calibration.contains(.mergesDuplicates) { try attempt { try mergeAgain(run.entries[index], dot, held) } }
        }
        if overlap == run.entries.count { return nil }
        if overlap == 0, run.previous != held.hash.prefix { throw .problem(.forked) }
        var rest = run
        rest.first = held.sequence + 1
        rest.previous = held.hash.prefix
        rest.entries.removeFirst(overlap)
        return rest
    }

    private mutating func mergeAgain(_ encoded: [UInt8], _ dot: LocalDot, _ tip: LogTip) throws {
        guard kind == .data, dot.sequence > 0 else { return }
        _ = try context.read(encoded[...], author: tip.replica, sequence: dot.sequence, into: &context.operations)
        changes.append(dot)
    }

    private mutating func authorise(_ run: VerifiedRun, byteCount: Int) throws(Refusal) {
        let roster = try attempt { try context.roster() }
        switch kind {
        case .roster:
            guard roster.recognises(run) else { throw .problem(.needsRoster) }
        case .data:
            guard let member = roster.members[run.station] else { throw .problem(.needsRoster) }
            guard member.may(.writeData) else {
                throw .problem(.invalid("Station \(member.name) may not write data."))
            }
            try checkQuota(of: run, byteCount: byteCount)
        }
    }

    private mutating func checkQuota(of run: VerifiedRun, byteCount: Int) throws(Refusal) {
        if run.station == context.environment.identity.stationKey { return }
        let isAdmitted = try attempt {
            try context.environment.quota.admits(run, byteCount: byteCount) {
                try context.log.storedBytes(of: run.station)
            }
        }
        guard !isAdmitted else { return }
        outcome.overQuota.insert(run.station)
        throw .problem(.overQuota)
    }

    private func resolve(
        _ references: [ChangeReference], kind: LogKind, otherwise problem: ApplyOutcome.Problem
    ) throws(Refusal) -> [LocalDot] {
        var dots: [LocalDot] = []
        for reference in references {
            guard let dot = try attempt({ try context.log.resolve(reference, kind: kind) }) else {
                if calibration.contains(.ignoresDependencies) { continue }
                if kind == .data { context.environment.quota.noteWanted(reference) }
                throw .problem(problem)
            }
            dots.append(dot)
        }
        return dots
    }

    // MARK: - Storing

    private mutating func store(
        _ verified: VerifiedRun, run: Run, held: LogTip?, deps: [[LocalDot]], contents: [SegmentEntries]?
    ) throws(Refusal) {
        do {
            var tip: LogTip
            if let held {
                tip = held
            } else {
                guard let genesis = verified.genesis else { throw Refusal.problem(.missingDependency) }
                tip = try context.log.create(genesis, hash: verified.entries[0].hash, encoded: run.entries[0])
            }
            let first = held == nil ? 1 : 0
            var place = first
            repeat {
                let start = place
                let entries = try take(verified, run: run, after: tip, deps: deps, from: &place)
                let isLast = place == verified.entries.count
                try context.log.append(
                    entries, to: &tip, deps: deps[start..<place].flatMap(\.self),
                    signature: isLast ? verified.head.signature : nil,
                    contents: isLast && start == first ? contents : nil)
                if context.operations.byteCount >= Self.gatheredBytes { try mergeGathered() }
            } while place < verified.entries.count
            outcome.entryCount += verified.entries.count
            outcome.advanced.append(tip.reference)
            if kind == .data { context.environment.quota.add(run.entryBytes, of: tip.station) }
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
        _ verified: VerifiedRun, run: Run, after tip: LogTip, deps: [[LocalDot]], from place: inout Int
    ) throws -> [StoredEntry] {
        var entries: [StoredEntry] = []
        entries.reserveCapacity(verified.entries.count - place)
        var ahead = tip
        while place < verified.entries.count, entries.isEmpty || context.operations.byteCount < Self.gatheredBytes {
            let index = place
            place += 1
            let (entry, hash) = verified.entries[index]
            let dot = LocalDot(replica: ahead.number, sequence: ahead.sequence + 1)
            ahead.lamport = try context.log.lamport(after: ahead, deps: deps[index])
            ahead.sequence = dot.sequence
            if kind == .data { try context.history.record(dot, deps: deps[index]) }
            let timestamp = try take(entry, author: tip.replica, at: dot, lamport: ahead.lamport)
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
                try context.history.hasSeen(named, by: dot)
            else { return false }
        }
        return true
    }

    /// Someone held more of a log that this database writes: it was rolled back, and goes on under a new name.
    private mutating func noticeRecovery(of tip: LogTip) throws {
        recovered.append(tip)
        let state = try context.state()
        guard state.current(kind) == tip.number else { return }
        try context.requireNewIncarnation()
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
