import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// What an engine remembers of members that lack epoch keys.
struct EpochCare {
    /// Those that do, by the roster at hand; nil until somebody looks.
    var lacking: Set<StationKey>?
    /// Since when this node knows that they do.
    var since: [StationKey: Instant] = [:]
    /// Whether this station holds none of the keys that are lacked, by the roster at hand.
    var isHelpless = false

    /// The roster is another.
    mutating func forgetRoster() { (lacking, isHelpless) = (nil, false) }
}

/// Who joins after an epoch began, or apart from its author, is given its key by whoever has it (T5). Until then the member can
/// read nothing of what was sealed under it.
extension Engine {
    /// How long a station leaves it to others to serve a member, so that not all of them do. Twice served is harmless.
    private func patience(for station: StationKey, of own: RosterMember) -> Duration {
        if roster.members[station]?.inviter == own.station { return .zero }
        return own.may(.invite) ? .seconds(5) : .seconds(30)
    }

    /// Gives members the epochs that they lack, once it is this station's turn.
    func shareEpochs(at moment: Moment) {
        let lacking =
            epochCare.lacking
            ?? Set(roster.sharedEpochs.flatMap { roster.membersLacking($0).map(\.station) })
        epochCare.lacking = lacking
        if lacking.isEmpty || epochCare.isHelpless {
            if lacking.isEmpty { epochCare.since.removeAll() }
            return
        }
        guard hasMetMember else { return }
        epochCare.since = epochCare.since.filter { lacking.contains($0.key) }
        for station in lacking where epochCare.since[station] == nil { epochCare.since[station] = moment.instant }
        guard let own = roster.members[replica.identity.stationKey], own.may(.publishEpochs), !isInstalling else {
            return
        }
        let due = epochCare.since.filter { station, since in
            station != own.station && since.duration(to: moment.instant) >= patience(for: station, of: own)
        }
        guard !due.isEmpty else { return }
        do {
            guard try replica.shareEpochs(with: { due.keys.contains($0) }) else {
                epochCare.isHelpless = true
                return
            }
            logger.info("epoch keys given", metadata: ["members": "\(due.count)"])
            noticeLocalChanges(at: moment)
        } catch {
            counters.storeFailures += 1
            logger.error("epoch keys could not be given", metadata: ["error": "\(error)"])
        }
    }
}
