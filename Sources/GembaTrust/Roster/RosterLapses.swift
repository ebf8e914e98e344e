internal import GembaCausality
internal import GembaWire

/// Which members are lapsed: those that a lapse names which no return of their own had seen (P10).
///
/// Authority does not come into it: a lapsed member keeps its own, and so a lapse and a return that were made apart have one
/// outcome. Linear in acts; for each member that is named, linear in the roster's entries.
struct RosterLapses {
    /// For each lapsed member the lapse that stands; of several the latest (greatest height, then hash, then place).
    private(set) var standing: [StationKey: RosterMember.Lapse] = [:]

    private typealias Declaration = (place: ActPlace, lapse: RosterMember.Lapse)

    init(_ reading: RosterReading, _ settlement: RosterSettlement) {
        var declared: [StationKey: [Declaration]] = [:]
        var returns: [StationKey: [ActPlace]] = [:]
        for author in settlement.authorities {
            for voice in author.voices {
                var lastReturn: ActPlace?
                for (place, act, body) in reading.acts(of: voice) {
                    switch act {
                    case .lapse(let station, let head) where author.may(.proposeLapse) && station != author.station:
                        let lapse = RosterMember.Lapse(
                            author: author.station, declared: body.timestamp, actor: body.actor, reason: body.reason,
                            head: head)
                        declared[station, default: []].append((place, lapse))
                    case .returned: lastReturn = place
                    default: continue
                    }
                }
                // What a later entry of one log had seen contains what an earlier one had.
                if let lastReturn { returns[author.station, default: []].append(lastReturn) }
            }
        }
        for (station, lapses) in declared where settlement.members[station] != nil {
            let seen = (returns[station] ?? []).map { reading.causality.past(of: $0.log, at: $0.sequence) }
            let open = lapses.filter { lapse in
                !seen.contains { past in past[lapse.place.log].map { $0 >= lapse.place.sequence } ?? false }
            }
            standing[station] = open.max { reading.order(of: $0.place) < reading.order(of: $1.place) }?.lapse
        }
    }
}
