import GembaCausality
import GembaTrust
import GembaWire

/// Makes one local change within a write transaction: runs the steps, then appends the signed entry.
struct LocalCommit {
    let context: StoreContext
    let incarnation: Incarnation

    private var environment: StoreEnvironment { context.environment }

    /// - Returns: what `body` returns, and the new tips of the logs that grew; none when nothing was done.
    func run<Result>(
        by actor: String, because reason: String, _ body: (WriteTransaction) throws -> Result
    ) throws -> (Result, [LogTip]) {
        try check(actor: actor, reason: reason)
        let roster = try context.roster()
        guard roster.members[environment.identity.stationKey]?.may(.writeData) ?? false else {
            throw StoreError(
                .notPermitted,
                "This machine is not a member of the plant that may write. Enrol it with `gemba join`, or use a station."
            )
        }
        var (tip, latest) = try incarnation.current(.data, context: context)
        var clock = HybridClock(latest: latest)
        let wall = environment.sources.wallClock()
        let timestamp = clock.next(wall: wall)
        let dot = LocalDot(replica: tip.number, sequence: tip.sequence + 1)
        let frontier = try context.log.frontier(of: .data).filter { $0.replica != tip.number }
        let lamport = try context.log.lamport(after: tip, deps: frontier)
        context.rows.pending = (dot, timestamp)
        context.draft = (
            dot,
            Provenance(
                dot: Dot(tip.name, dot.sequence), timestamp: timestamp, lamport: lamport,
                station: environment.identity.stationKey, actor: actor, reason: reason)
        )
        defer {
            context.rows.pending = nil
            context.draft = nil
        }
        let transaction = WriteTransaction(
            context: context, dot: Dot(tip.replica, dot.sequence), localDot: dot,
            makeRowID: { context.rowIDs.next(wall: wall, randomBytes: environment.sources.randomBytes) })
        let connection = context.connection
        let foreign = connection.totalChanges - connection.tally.rows
        let result = try body(transaction)
        guard connection.totalChanges - connection.tally.rows == foreign else {
            throw StoreError(
                .invalidOperation,
                "Rows were changed by plain SQL within a write, and others would never hear of it. Use the transaction's "
                    + "own calls; tables that are not replicated are written in a transaction of their own.")
        }
        let builder = transaction.builder
        defer { context.giveBack(builder.room) }
        if builder.isEmpty, !transaction.acknowledges { return (result, []) }

        let references = try builder.greatestNamedDots.map { named in
            try context.log.reference(to: context.numbers.local(named, on: context.connection))
        }
        let content = ChangeBody(
            timestamp: timestamp, lamport: lamport, schemaVersion: environment.schema.version, actor: actor,
            reason: reason, operations: [], references: references,
            extensions: transaction.cut.isEmpty ? [:] : [DropCut.number: DropCut.encoded(transaction.cut)])
        let (epoch, rosterTip) = try EpochCommit(context: context, incarnation: incarnation).currentKey(in: roster)
        try append(
            builder.encode(content), of: content, to: &tip, deps: frontier,
            sealedWith: epoch.map { environment.keys.sealKey(of: tip.author, in: $0) })
        try context.save(timestamp: timestamp, after: latest)
        return (result, [tip] + (rosterTip.map { [$0] } ?? []))
    }

    private func append(
        _ encoded: (content: [UInt8], early: Envelope.EarlyPart?), of content: ChangeBody, to tip: inout LogTip,
        deps: [LocalDot], sealedWith key: SealKey?
    ) throws {
        let references = try context.references(to: deps)
        let entry: Entry
        do {
            entry =
                if let key {
                    try Envelope.makeEntry(
                        encoded.content, deps: references,
                        at: .init(replica: tip.author, sequence: tip.sequence + 1, previous: tip.hash),
                        sealedWith: key, nonce: environment.sources.randomBytes(SealParameters.nonceBytes),
                        early: encoded.early)
                } else {
                    try Envelope.makeEntry(encoded.content, deps: references, early: encoded.early)
                }
        } catch {
            throw StoreError(
                .limitExceeded, "The change is too large to be sent: split the write into several.", cause: error)
        }
        try context.appendSigned(
            entry, timestamp: content.timestamp, lamport: content.lamport, to: &tip, deps: deps)
        try context.history.record(tip.dot, deps: deps)
    }

    private func check(actor: String, reason: String) throws(StoreError) {
        guard actor.utf8.count <= Limits.actorBytes, !actor.utf8.contains(0) else {
            throw StoreError(.invalidValue, "The actor's name is longer than \(Limits.actorBytes) bytes.")
        }
        guard reason.utf8.count <= Limits.reasonBytes, !reason.utf8.contains(0) else {
            throw StoreError(.invalidValue, "The reason is longer than \(Limits.reasonBytes) bytes.")
        }
    }
}
