import GembaCausality
import GembaTrust
import GembaWire

/// Finds what was set aside and may be taken in again.
struct VoidRunFinder {
    let context: StoreContext

    /// What is not held of a run that was set aside, and where it belongs.
    struct Found {
        var kept: LogStore.VoidRun
        var run: Run
        var place: RunPlace
        var verified: VerifiedRun
    }

    /// The place of a run; nil when all of it is held, or what comes before is not.
    func place(_ kept: LogStore.VoidRun) throws -> Found? {
        guard let log = try context.log.tip(number: kept.log), let (rest, place) = try rest(of: kept, in: log),
            let hash = place.hash,
            let verified = try? VerifiedRun(
                verifying: rest, kind: .data, plant: context.environment.plant,
                after: .init(hash: hash, station: log.station))
        else { return nil }
        return Found(kept: kept, run: rest, place: place, verified: verified)
    }

    /// Whether all of a run is held: it came once more, and counted by then.
    func isHeld(_ kept: LogStore.VoidRun) throws -> Bool {
        guard let log = try context.log.tip(number: kept.log),
            case .held = try RunPlacer(log: context.log).place(kept.run, in: log, noting: { _, _ in })
        else { return false }
        return true
    }

    /// The place of a run of which something counts, and the last entry that does; nil for others.
    func counting(_ kept: LogStore.VoidRun) throws -> (Found, last: SequenceNumber)? {
        guard let found = try place(kept) else { return nil }
        let end = try EffectiveEnds(context, context.roster())
            .end(of: .init(found.verified, on: found.place.chain), by: found.verified.station)
        let last = min(end ?? found.run.last, found.run.last)
        return last < found.run.first ? nil : (found, last)
    }

    /// The runs through which history leads to an entry that was set aside, in order, each with its last entry on the way. Empty
    /// when the entry was not set aside, or something before it is missing.
    func path(to reference: ChangeReference) throws -> [(kept: LogStore.VoidRun, last: SequenceNumber)] {
        try way(to: reference)?.steps(through: reference.sequence) ?? []
    }

    /// An entry that is neither held nor set aside, among some, or among all that those of them stand on which are set aside; nil
    /// when everything can be had.
    func lost(among references: [ChangeReference]) throws -> ChangeReference? {
        var pending = references
        var seen = Set(references.map(\.prefix))
        while let reference = pending.popLast() {
            if try context.log.resolve(reference, kind: .data) != nil { continue }
            let path = try path(to: reference)
            if path.isEmpty { return reference }
            for (kept, last) in path {
                for (_, entry) in zip(kept.run.first...last, kept.run.entries) {
                    pending += try Entry(decoding: entry).deps.filter { seen.insert($0.prefix).inserted }
                }
            }
        }
        return nil
    }

    /// The whole hash of an entry that was set aside; nil when it was not.
    func hash(of reference: ChangeReference) throws -> ChangeHash? {
        try way(to: reference)?.hash(at: reference.sequence)
    }

    /// The way to an entry, found by hashes alone.
    private func way(to reference: ChangeReference) throws -> Way? {
        for log in try logs(mayHold: reference) {
            let runs = try context.log.voidRuns(of: log.number).filter { $0.run.first <= reference.sequence }
            var ways = try runs.compactMap { kept -> Way? in
                guard let (rest, place) = try rest(of: kept, in: log), let hash = place.hash else { return nil }
                return try Way(through: kept, rest, after: hash)
            }
            while let way = ways.popLast() {
                if way.hash(at: reference.sequence)?.prefix == reference.prefix { return way }
                for next in runs where next.run.first > way.first {
                    let fork = next.run.first - 1
                    guard let hash = way.hash(at: fork), hash.prefix == next.run.previous else { continue }
                    ways.append(try Way(through: next, next.run, after: hash, way.steps(through: fork)))
                }
            }
        }
        return nil
    }

    /// The logs among which an entry may be; its name may be that of a branch that is not held.
    private func logs(mayHold reference: ChangeReference) throws -> [LogTip] {
        let known = try context.log.logsWithVoid()
        let number = try context.numbers.number(of: reference.replica, on: context.connection)
        guard let number else { return known }
        let log = try context.log.branches().log(of: number)
        return known.filter { $0.number == log }
    }

    /// What is not held of a run, and what it follows.
    private func rest(of kept: LogStore.VoidRun, in log: LogTip) throws -> (Run, RunPlace)? {
        let placement = try RunPlacer(log: context.log).place(kept.run, in: log) { _, _ in }
        guard case .goesOn(let rest, let place) = placement else { return nil }
        return (rest, place)
    }

    /// A way from what is held, the hashes of the entries of its last run, and the steps before that.
    private struct Way {
        let first: SequenceNumber
        private let kept: LogStore.VoidRun
        private var hashes: [ChangeHash] = []
        private let before: [(kept: LogStore.VoidRun, last: SequenceNumber)]

        init(
            through kept: LogStore.VoidRun, _ rest: Run, after previous: ChangeHash,
            _ before: [(kept: LogStore.VoidRun, last: SequenceNumber)] = []
        ) throws {
            self.kept = kept
            self.before = before
            first = rest.first
            var hash = previous
            for (sequence, entry) in zip(rest.first..., rest.entries) {
                hash = try Entry(decoding: entry).hash(replica: rest.replica, sequence: sequence, previous: hash)
                hashes.append(hash)
            }
        }

        func hash(at sequence: SequenceNumber) -> ChangeHash? {
            guard sequence >= first, sequence - first < UInt64(hashes.count) else { return nil }
            return hashes[Int(sequence - first)]
        }

        func steps(through last: SequenceNumber) -> [(kept: LogStore.VoidRun, last: SequenceNumber)] {
            before + [(kept, last)]
        }
    }
}
