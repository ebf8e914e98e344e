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
        for (author, voices) in settlement.voices {
            let mayLapse = settlement.members[author]?.may(.proposeLapse) ?? false
            for voice in voices {
                var lastReturn: ActPlace?
                for (place, act, body) in reading.acts(of: voice.log, from: voice.first) {
                    switch act {
                    case .lapse(let station, let head) where mayLapse && station != author:
                        let lapse = RosterMember.Lapse(
                            author: author, declared: body.timestamp, actor: body.actor, reason: body.reason, head: head
                        )
                        declared[station, default: []].append((place, lapse))
                    case .returned: lastReturn = place
                    default: continue
                    }
                }
                // What a later entry of one log had seen contains what an earlier one had.
                if let lastReturn { returns[author, default: []].append(lastReturn) }
            }
        }
        for (station, lapses) in declared where settlement.members[station] != nil {
            let seen = (returns[station] ?? []).map { reading.causality.past(of: $0.log, at: $0.sequence) }
            let open = lapses.filter { lapse in
                !seen.contains { past in past[lapse.place.log].map { $0 >= lapse.place.sequence } ?? false }
            }
            standing[station] = open.max { Self.key($0.place, reading) < Self.key($1.place, reading) }?.lapse
        }
    }

    private static func key(_ place: ActPlace, _ reading: RosterReading) -> (Int, ChangeHash, Int) {
        let log = reading.causality.logs[place.log]
        let height = reading.causality.height(of: place.log, at: place.sequence)
        return (height, log.entries[place.sequence - 1].hash, place.index)
    }
}
