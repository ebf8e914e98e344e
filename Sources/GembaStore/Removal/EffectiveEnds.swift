import GembaCausality
import GembaTrust
import GembaWire

/// How far the logs of former members count (RULES L6, L8, T3).
///
/// An entry of a former member counts when a removal's cut names it, or an entry that it stands on, or when it lies in the causal
/// past of an entry that counts: of any entry of a member, or of one within the cut of another former member. What lies beyond is
/// as if it were not held. This is a function of the entries held and the roster alone, so every replica decides alike, in
/// whatever order both came.
///
/// A station whose join does not count may have been a member where not all was known yet. Its logs are cut at the beginning.
///
/// Of a forked log a cut means the branch on which the entry lies that it names, whatever its author called that: the hash says
/// which. As long as that entry is not held, any branch may be the one that leads there.
struct EffectiveEnds {
    private let context: StoreContext
    private let roster: Roster

    init(_ context: StoreContext, _ roster: Roster) {
        self.context = context
        self.roster = roster
    }

    /// Entries of which is asked how many count: a chain that is held, or a run that goes on there or begins one.
    struct Line {
        /// The replica id in the entries' headers.
        var author: ReplicaID
        /// The chain; nil when it begins with a run.
        var number: Int64?
        /// Where the entries begin.
        var first: SequenceNumber
        /// The hashes of entries that are not held yet.
        var hashes: [SequenceNumber: ChangeHash] = [:]

        /// A chain that is held.
        init(_ tip: LogTip, in log: LogStore) throws {
            author = tip.author
            number = tip.number
            first = try log.branches().beginning(of: tip.number)?.first ?? 0
        }

        /// A run that goes on a chain, or begins one.
        init(_ run: VerifiedRun, on number: Int64?) {
            author = run.replica
            self.number = number
            first = run.first
            for (sequence, entry) in zip(run.first..., run.entries) { hashes[sequence] = entry.hash }
        }
    }

    /// Where a station's logs are cut; nil when everything counts, or nothing is known of the station.
    private func cut(of station: StationKey) -> [ReplicaID: ChangeReference]? {
        if roster.members[station] != nil { return nil }
        return roster.formerMembers[station]?.cut ?? (roster.isVoid(station) ? [:] : nil)
    }

    /// The last entry that counts; nil when all do. It lies before the first when none does.
    func end(of line: @autoclosure () throws -> Line, by station: StationKey) throws -> SequenceNumber? {
        guard let cuts = cut(of: station) else { return nil }
        let line = try line()
        var end = try cutEnd(of: line, cuts)
        if context.environment.sources.calibration.contains(.voidsWhatOthersBuiltOn) { return end }
        if let number = line.number { end = max(end, try builtUpon(number, of: station)) }
        return end
    }

    // MARK: - Within the cut

    private func cutEnd(of line: Line, _ cuts: [ReplicaID: ChangeReference]) throws -> SequenceNumber {
        let map = try context.log.branches()
        var end: SequenceNumber = 0
        var unknown: [ReplicaID: ChangeReference] = [:]
        for (name, cut) in cuts {
            let number = try context.numbers.number(of: name, on: context.connection)
            if let number, try context.log.author(of: number) != line.author { continue }
            if let held = try context.log.resolve(cut, kind: .data) {
                if let chain = line.number { end = max(end, map.reach(of: held, on: chain) ?? 0) }
            } else if name == line.author || (number != nil && number == line.number) {
                if try leads(line, to: cut) { end = max(end, cut.sequence) }
            } else if number == nil {
                unknown[name] = cut
            }
        }
        return unknown.isEmpty ? end : try cutEnd(of: line, after: end, at: unknown)
    }

    /// Whoever removed the station may have known forks that are not known here, and have named branches by them.
    private func cutEnd(
        of line: Line, after known: SequenceNumber, at unknown: [ReplicaID: ChangeReference]
    ) throws -> SequenceNumber {
        var end = known
        var next = max(end + 1, line.first)
        while let hash = try hash(at: next, of: line), let cut = unknown[line.author.branch(beginningWith: hash)],
            cut.sequence >= next, try leads(line, to: cut)
        {
            end = cut.sequence
            next = end + 1
        }
        return end
    }

    /// Whether the entry that a cut names may be on a line: no other stands in its place.
    private func leads(_ line: Line, to cut: ChangeReference) throws -> Bool {
        if let hash = line.hashes[cut.sequence] { return hash.prefix == cut.prefix }
        guard let number = line.number else { return true }
        return try context.log.record(of: LocalDot(replica: number, sequence: cut.sequence)) == nil
    }

    private func hash(at sequence: SequenceNumber, of line: Line) throws -> ChangeHash? {
        if let hash = line.hashes[sequence] { return hash }
        guard let tip = try line.number.flatMap(context.log.tip(number:)), sequence <= tip.sequence else { return nil }
        return try context.log.wholeHash(of: tip, at: sequence)
    }

    // MARK: - In the past of what counts

    /// The last entry of a chain that entries which count had seen.
    private func builtUpon(_ number: Int64, of station: StationKey) throws -> SequenceNumber {
        var last: SequenceNumber = 0
        for tip in try context.log.tips(of: .data) where tip.station != station {
            var limit = tip.sequence
            if let cuts = cut(of: tip.station) {
                let line = try Line(tip, in: context.log)
                limit = min(limit, try cutEnd(of: line, cuts))
                if limit < line.first { continue }
            }
            let dot = LocalDot(replica: tip.number, sequence: limit)
            last = max(last, try context.history.seen(by: dot, of: number) ?? 0)
        }
        return last
    }
}
