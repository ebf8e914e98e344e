import GembaCausality
import GembaTrust
public import GembaWire

/// What was written into a bundle.
public struct BundleSummary: Sendable {
    /// Between which vectors it lies.
    public var extents: BundleExtents
    /// How many entries of roster logs it has.
    public var rosterEntries: UInt64
    /// How many entries of data logs it has.
    public var dataEntries: UInt64
    /// The length of the file.
    public var bytes: UInt64
}

extension Replica {
    /// Writes a file that another replica reads as it would a peer's stream: all roster logs, and the changes behind what the
    /// reader is said to hold, as they are at one moment.
    ///
    /// It counts as sending: the side file remembers this station's own changes durably before the first byte is written.
    /// Nobody's reads or writes wait for it. The file appears whole or not at all.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - known: what the reader is said to hold; nothing writes everything.
    ///   - replacing: whether a file that is there already is replaced.
    ///   - progress: told how many entries were written so far.
    /// - Throws: ``StoreError``; then there is no new file.
    public func writeBundle(
        to path: String, since known: [ChangeReference] = [], replacing: Bool = false,
        progress: (UInt64) -> Void = { _ in }
    ) throws -> BundleSummary {
        try BundleFile(path: path).write(replacing: replacing) { append in
            try withReader { context in
                try writeBundle(context, since: known, append: append, progress: progress)
            }
        }
    }

    private func writeBundle(
        _ context: StoreContext, since known: [ChangeReference], append: @escaping ([UInt8]) throws -> Void,
        progress: (UInt64) -> Void
    ) throws -> BundleSummary {
        let extents = try BundleExtents(context, since: known)
        try record(try context.log.tips(of: identity.stationKey), durable: true)
        var writer = try BundleWriter(write: append)
        try writer.add(
            .preamble(BundlePreamble(plant: plant, writer: identity.stationKey, made: wallClock)))
        for section in extents.sections { try writer.add(section) }
        try add(.roster, excluding: VersionVector(), context, to: &writer, progress: progress)
        let rosterEntries = writer.entries
        try add(.data, excluding: VersionVector(extents.base), context, to: &writer, progress: progress)
        try writer.add(.end(entries: writer.entries))
        return BundleSummary(
            extents: extents, rosterEntries: rosterEntries, dataEntries: writer.entries - rosterEntries,
            bytes: writer.bytes)
    }

    private func add(
        _ kind: LogKind, excluding known: VersionVector, _ context: StoreContext, to writer: inout BundleWriter,
        progress: (UInt64) -> Void
    ) throws {
        var position: Int64 = 0
        while true {
            var collector = try RunCollector(
                context: context, kind: kind, maximumBytes: Limits.batchBytes, included: nil)
            try collector.collect(after: position, excluding: known)
            try writer.add(collector.runs, of: kind)
            progress(writer.entries)
            if collector.reachedEnd { return }
            position = collector.position
        }
    }

    /// What a member is known to hold, by its own signed word: all that it wrote, and all that it had seen when it wrote last.
    public func acknowledged(by station: StationKey) throws -> [ChangeReference] {
        try withReader { context in
            let own = try context.log.tips(of: station).filter { $0.kind == .data }
            let counts = try StableCut.acknowledged(by: own, context)
            return try context.references(to: counts.map { LocalDot(replica: $0.key, sequence: $0.value - 1) })
        }
    }
}
