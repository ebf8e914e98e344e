import GembaCausality
import GembaTrust
import GembaWire

/// How far the logs of former members count (RULES L6, L8, T3).
///
/// An entry of a former member counts when it lies within the removal's cut, or in the causal past of an entry that counts: of any
/// entry of a member, or of one within the cut of another former member. What lies beyond is as if it were not held. This is
/// a function of the entries held and the roster alone, so every replica decides alike, in whatever order both came.
///
/// A station whose join does not count may have been a member where not all was known yet. Its logs are cut at the beginning.
struct EffectiveEnds {
    private let context: StoreContext
    private let roster: Roster

    init(_ context: StoreContext, _ roster: Roster) {
        self.context = context
        self.roster = roster
    }

    /// Where a station's logs are cut; nil when everything counts, or nothing is known of the station.
    private func cut(of station: StationKey) -> [ReplicaID: ChangeReference]? {
        if roster.members[station] != nil { return nil }
        return roster.formerMembers[station]?.cut ?? (roster.isVoid(station) ? [:] : nil)
    }

    /// The last entry of a log that counts; nil when all do.
    ///
    /// - Parameter hash: of an entry that is not held yet; nil when it is not among those at hand either.
    func end(
        of replica: ReplicaID, by station: StationKey, hash: (SequenceNumber) -> ChangeHash? = { _ in nil }
    ) throws -> SequenceNumber? {
        guard let cuts = cut(of: station) else { return nil }
        var end: SequenceNumber = 0
        let number = try context.numbers.number(of: replica, on: context.connection)
        if let cut = cuts[replica] {
            let prefix =
                try hash(cut.sequence)?.prefix
                ?? number.flatMap {
                    try context.log.record(of: LocalDot(replica: $0, sequence: cut.sequence))?.prefix
                }
            // Whoever cut another branch of this log did not mean this one.
            if prefix.map({ $0 == cut.prefix }) ?? true { end = cut.sequence }
        }
        if context.environment.sources.calibration.contains(.voidsWhatOthersBuiltOn) { return end }
        if let number { end = max(end, try builtUpon(number, of: station)) }
        return end
    }

    /// The last entry of a log that entries which count had seen.
    private func builtUpon(_ number: Int64, of station: StationKey) throws -> SequenceNumber {
        var last: SequenceNumber = 0
        for tip in try context.log.tips(of: .data) where tip.station != station {
            var limit = tip.sequence
            if let cuts = cut(of: tip.station) { limit = min(limit, cuts[tip.replica]?.sequence ?? 0) }
            let dot = LocalDot(replica: tip.number, sequence: limit)
            last = max(last, try context.history.seen(by: dot, of: number) ?? 0)
        }
        return last
    }
}
