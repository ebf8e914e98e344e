import Foundation
import GembaCausality
import GembaTrust
public import GembaWire
import Synchronization

/// Making, giving, taking and installing checkpoints.
extension Replica {
    private var checkpoints: CheckpointFolder { CheckpointFolder(replica: folder) }

    /// The checkpoint that this replica stands on; nil when it holds the body of every change.
    public func checkpoint() throws -> CheckpointRecord? {
        try withReader { try $0.checkpointRecord() }
    }

    // MARK: - Giving

    /// Writes all that is held now, at one moment, into a checkpoint signed by this station, in place of those that it made
    /// before.
    ///
    /// Takes a few seconds for a million rows; nobody's reads or writes wait for it.
    ///
    /// - Parameter progress: told how many rows were written so far.
    public func makeCheckpoint(progress: @escaping (Int) -> Void = { _ in }) throws -> SignedManifest {
        guard try branches(of: .data).isEmpty else {
            throw StoreError(.invalidOperation, "A log is forked: no checkpoint can stand for what both branches hold.")
        }
        let folder = checkpoints
        for chunkBytes in Self.chunkSizes {
            let scratch = try folder.makeScratch()
            defer { _ = try? FileManager.default.removeItem(atPath: scratch) }
            let manifest = try writeCheckpoint(to: scratch, chunkBytes: chunkBytes, progress: progress)
            if manifest.chunks.count > Limits.checkpointChunks { continue }
            let signed = identity.sign(manifest)
            _ = try folder.adopt(scratch: scratch, as: signed)
            try forgetCheckpoints(madeHere: true, but: manifest.id)
            return signed
        }
        throw StoreError(.limitExceeded, "The plant is too large for a checkpoint of this version.")
    }

    /// Whether every log ends at a signed head, as a checkpoint shows it. The last entry that counts of a former member's log may have
    /// none here; another member has it, who held the log when it ended there.
    public func canMakeCheckpoint() throws -> Bool {
        try withReader { context in
            try context.log.tips(of: .data).allSatisfy { try context.log.signature(at: $0.dot) != nil }
        }
    }

    /// Whether the file of the checkpoint that this replica stands on is gone, as when a database was restored without it, and
    /// this station may make another.
    public func lacksCheckpoint() throws -> Bool {
        guard let base = try checkpoint()?.signed.manifest.id, try checkpoints.file(base) == nil else { return false }
        return try roster().members[identity.stationKey]?.may(.writeData) ?? false
    }

    /// Makes a checkpoint of all that is held, and stands on it in place of the one before. Its trust stays what it was.
    public func renewCheckpoint() throws -> SignedManifest {
        let signed = try makeCheckpoint()
        try write { context in
            guard let record = try context.checkpointRecord() else { return }
            try context.save(CheckpointRecord(signed: signed, trust: record.trust))
        }
        return signed
    }

    /// The sizes of chunks, the usual one first. Two members at one cut choose alike.
    private static let chunkSizes = [128 << 10, Limits.chunkBytes.upperBound]

    private func writeCheckpoint(
        to path: String, chunkBytes: Int, progress: @escaping (Int) -> Void
    ) throws -> CheckpointManifest {
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw StoreError(.storageFailed, "The checkpoint file \(path) cannot be made.")
        }
        defer { try? handle.close() }
        let timestamp = HybridTimestamp(milliseconds: wallClock, counter: 0)
        return try withReader { context in
            let writer = CheckpointWriter(chunkBytes: chunkBytes) { index, coding, bytes in
                try handle.write(contentsOf: CheckpointFile.record(index, coding: coding, bytes: bytes))
            }
            var maker = try CheckpointMaker(context: context, writer: writer, progress: progress)
            return try maker.make(at: timestamp)
        }
    }

    /// A complete checkpoint that this station made, and that few enough changes have followed; nil when a new one is better.
    ///
    /// It covers the floors: they rise above one made before when another member's is installed. And all that it covers is held: what
    /// did not count any more was set aside since.
    public func recentCheckpoint() throws -> SignedManifest? {
        let floors = try withReader { try $0.log.floors() }
        let vector = VersionVector(try vector(of: .data))
        let held = vector.entries.values.reduce(UInt64(0)) { $0 + $1 + 1 }
        let own = checkpoints.manifests().first { $0.manifest.maker == identity.stationKey }
        guard let own, held <= own.manifest.entries + max(own.manifest.entries / 8, 1_000),
            try withOpenCheckpoint(
                own.manifest.id,
                { file in
                    guard file.isComplete else { return false }
                    let cut = try CheckpointReader.cut(of: file)
                    return cut.covers(floors) && vector.covers(cut)
                }) == true
        else { return nil }
        return own
    }

    /// The checkpoint that this replica stands on, for passing on as its maker signed it; nil when it is not complete here.
    public func carriedCheckpoint() throws -> SignedManifest? {
        guard let base = try checkpoint()?.signed, try withOpenCheckpoint(base.manifest.id, { $0.isComplete }) == true
        else { return nil }
        return base
    }

    /// One chunk as it travels, or nil when it is not here.
    public func chunk(_ index: Int, of checkpoint: CheckpointID) throws -> ChunkMessage? {
        guard let coded = try withOpenCheckpoint(checkpoint, { try $0.coded(index) }) ?? nil else { return nil }
        return ChunkMessage(
            checkpoint: checkpoint, index: UInt64(index), coding: coded.coding, bytes: coded.bytes)
    }

    // MARK: - Taking

    /// What can be said of an offered checkpoint before it is there.
    public enum OfferStanding: Sendable {
        /// A member who may write signed it, and its roster is held.
        case sound
        /// The roster that explains it is not held yet.
        case unexplained
        /// It is not signed by the one it names, or that one may not make checkpoints.
        case unsound
    }

    /// Judges an offer by its signature and the roster.
    ///
    /// A relay carries what others signed; its own word about rows is worth nothing, since it need not be able to read them.
    public func standing(of signed: SignedManifest) throws -> OfferStanding {
        guard signed.manifest.plant == plant, HeadVerification.isValid(signed) else { return .unsound }
        return try withReader { context in
            for reference in signed.manifest.roster
            where try context.log.resolve(reference, kind: .roster) == nil {
                return .unexplained
            }
            guard let maker = try context.roster().members[signed.manifest.maker] else { return .unexplained }
            return maker.may(.writeData) ? .sound : .unsound
        }
    }

    /// Whether a checkpoint is complete here and brings nothing, because every entry that it stands for is held.
    public func holdsEverything(of checkpoint: CheckpointID) throws -> Bool {
        let cut = try withOpenCheckpoint(checkpoint) { try $0.isComplete ? CheckpointReader.cut(of: $0) : nil } ?? nil
        guard let cut else { return false }
        return VersionVector(try vector(of: .data)).covers(cut)
    }

    /// Begins to take a checkpoint, or goes on with it.
    ///
    /// - Returns: the chunks that are missing.
    public func stage(_ signed: SignedManifest) throws -> [Int] {
        try forgetCheckpoints(madeHere: signed.manifest.maker == identity.stationKey, but: signed.manifest.id)
        let file = try checkpoints.file(for: signed)
        let missing = file.missing
        openCheckpoints.withLock { $0[signed.manifest.id] = nil }
        return missing
    }

    /// Keeps a chunk of a checkpoint that is being taken.
    ///
    /// - Returns: false when it is not the chunk that the manifest names.
    public func stage(_ chunk: ChunkMessage) throws -> Bool {
        let isSound = try withOpenCheckpoint(chunk.checkpoint) { file in
            let index = Int(chunk.index)
            guard CheckpointFile.content(chunk.coding, chunk.bytes, of: index, in: file.manifest) != nil else {
                return false
            }
            try file.append(index, coding: chunk.coding, bytes: chunk.bytes)
            return true
        }
        return isSound ?? false
    }

    /// Puts a checkpoint whose chunks are all here in place of the rows, and local work on top, in one transaction.
    ///
    /// Writers wait until it is done: some seconds for a million rows.
    ///
    /// - Parameter progress: told how many rows were loaded so far.
    /// - Throws: ``StoreError``; then nothing has changed. When a chunk was damaged meanwhile, staging it again shows which.
    public func install(
        _ checkpoint: CheckpointID, progress: (UInt64) -> Void = { _ in }
    ) throws -> CheckpointOutcome {
        guard let file = try checkpoints.file(checkpoint) else {
            throw StoreError(.notFound, "There is no checkpoint \(checkpoint) to install.")
        }
        let outcome = try write { context in
            var loader = try CheckpointLoader(context: context, file: file, purpose: .installation)
            try loader.load(progress: progress)
            return loader.outcome
        }
        if !outcome.recovered.isEmpty { try record(outcome.recovered, durable: false) }
        return outcome
    }

    // MARK: - Files

    private func withOpenCheckpoint<Result: Sendable>(
        _ id: CheckpointID, _ body: (CheckpointFile) throws -> Result
    ) throws -> Result? {
        try openCheckpoints.withLock { open in
            if let file = open[id] { return try body(file) }
            guard let file = try checkpoints.file(id) else { return nil }
            open[id] = file
            return try body(file)
        }
    }

    /// Removes the checkpoints that are of no more use, of those that were made here or of the others: what this replica
    /// stands on stays, and the one that is named.
    private func forgetCheckpoints(madeHere: Bool, but id: CheckpointID) throws {
        var kept: Set = [id]
        for signed in checkpoints.manifests() where (signed.manifest.maker == identity.stationKey) != madeHere {
            kept.insert(signed.manifest.id)
        }
        if let base = try checkpoint() { kept.insert(base.signed.manifest.id) }
        checkpoints.removeAll(but: kept)
        openCheckpoints.withLock { $0 = $0.filter { kept.contains($0.key) && $0.key != id } }
    }
}
