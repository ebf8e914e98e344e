import GembaCausality
import GembaTrust
import GembaWire

/// Up to where every log is *stable*: what every member that may write and is not lapsed has acknowledged.
///
/// A member acknowledges by writing: its entry is signed, names by hash what it had seen, and comes after everything that
/// the member itself wrote before. So a vector can never overtake the changes that its owner made, and one
/// liar cannot claim for others (T9). A member that has nothing to write acknowledges with a change that does nothing. A
/// relay authors nothing and keeps everything; it is not waited for.
///
/// The cut is a pure function of logs and roster. Linear in members times logs.
struct StableCut {
    /// For each data log, how many of its entries are stable.
    private(set) var counts: [Int64: SequenceNumber] = [:]
    /// For each member that is waited for, how many entries of each data log it has acknowledged.
    private(set) var acknowledged: [StationKey: [Int64: SequenceNumber]] = [:]
    /// The members that hold folding back, with how much they have not acknowledged.
    private(set) var laggards: [Laggard] = []

    /// A member that has not acknowledged everything that is held here.
    struct Laggard {
        var station: StationKey
        var unacknowledged: UInt64
        /// When it last wrote, by its clock, in milliseconds since 1970; nil when it never did.
        var lastWrite: UInt64?
    }

    /// - Parameter absent: members that are not waited for.
    init(_ context: StoreContext, without absent: Set<StationKey>) throws {
        let tips = try context.log.tips(of: .data)
        counts = Dictionary(uniqueKeysWithValues: tips.map { ($0.number, $0.sequence + 1) })
        let members = try context.roster().members.values.filter {
            $0.may(.writeData) && $0.isActive && !absent.contains($0.station)
        }
        for member in members.sorted(by: { $0.station < $1.station }) {
            let own = tips.filter { $0.station == member.station }
            let known = try Self.acknowledged(by: own, context)
            acknowledged[member.station] = known
            var unacknowledged: UInt64 = 0
            for tip in tips {
                let stable = known[tip.number] ?? 0
                unacknowledged += tip.sequence + 1 - min(stable, tip.sequence + 1)
                counts[tip.number] = min(counts[tip.number] ?? 0, stable)
            }
            // What it wrote last itself can be acknowledged by nobody else's entry yet, and is no reason to wait for it.
            if unacknowledged > 0 {
                let last = try own.compactMap { try context.log.record(of: $0.dot)?.timestamp.milliseconds }.max()
                laggards.append(.init(station: member.station, unacknowledged: unacknowledged, lastWrite: last))
            }
        }
    }

    /// What a member's logs say that it holds: all that it wrote, and all that it had seen when it wrote last.
    ///
    /// Of several incarnations the newest counts, which continues the others: an older one says nothing of what the
    /// database holds now.
    static func acknowledged(
        by own: [LogTip], _ context: StoreContext
    ) throws -> [Int64: SequenceNumber] {
        guard let newest = own.max(by: { ($0.incarnation, $0.lamport) < ($1.incarnation, $1.lamport) }) else {
            return [:]
        }
        var known = try context.history.seen(by: newest.dot).mapValues { $0 + 1 }
        known[newest.number] = newest.sequence + 1
        return known
    }
}
