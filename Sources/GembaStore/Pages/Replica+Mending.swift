import GembaTrust
import GembaWire
import Synchronization

/// Mending: getting back what damaged pages held.
extension Replica {
    /// Makes the replica anew from what is left of its logs, when pages are damaged that cannot be put right from themselves.
    ///
    /// What is missing then is what peers send; what was saved and follows it waits beside the database until
    /// ``applySalvage()``. The station goes on under a new name. Writers wait until it is done: as long as it took to apply the
    /// whole history.
    ///
    /// - Parameter progress: told how many entries were applied so far.
    @discardableResult
    public func mend(progress: (Int) -> Void = { _ in }) throws -> MendReport {
        let report = try Self.mend(
            in: folder, identity: identity, schema: schema, sources: environment.sources, progress: progress)
        // What is remembered of the database before is not true of this one.
        exposed.withLock { $0.removeAll() }
        try write { context in
            context.numbers.forgetAll()
            context.log.forgetSegments()
        }
        var scrub = try scrubReport() ?? ScrubReport()
        scrub.renewed = wallClock
        scrub.lostCount = 0
        try save(scrub)
        return report
    }

    /// Makes a replica anew that cannot be opened.
    @discardableResult
    public static func mend(
        in folder: String, schema: Schema, sources: ReplicaSources = .system, progress: (Int) -> Void = { _ in }
    ) throws -> MendReport {
        let identity = try StationIdentity.load(
            fromFolder: ReplicaFolder(path: folder).keys, passphrase: sources.passphrase)
        let report = try mend(in: folder, identity: identity, schema: schema, sources: sources, progress: progress)
        let replica = try open(in: folder, schema: schema, sources: sources)
        var scrub = ScrubReport()
        scrub.renewed = replica.wallClock
        try replica.save(scrub)
        return report
    }

    private static func mend(
        in folder: String, identity: StationIdentity, schema: Schema, sources: ReplicaSources, progress: (Int) -> Void
    ) throws -> MendReport {
        try Mending(folder: folder, identity: identity, schema: schema, sources: sources).run(progress: progress)
    }

    /// Whether entries that were saved from a damaged file wait for others.
    public var hasSalvage: Bool { SalvageFile(folder: folder).exists }

    /// Applies what was saved of a damaged file and now follows what is held.
    ///
    /// - Returns: how many entries.
    @discardableResult
    public func applySalvage() throws -> Int {
        let file = SalvageFile(folder: folder)
        guard file.exists else { return 0 }
        var applier = SalvageApplier(self, file.load())
        for kind in [LogKind.roster, .data] { try applier.apply(kind) }
        try file.save(applier.rest)
        return applier.entryCount
    }
}
