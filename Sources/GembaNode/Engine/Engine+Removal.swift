import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// What a removal means to links and to what is held.
extension Engine {
    /// Cuts the links of stations that are members no more, and brings logs and rows in line with the roster.
    func removeFormerMembers(at moment: Moment) {
        let ended = links.filter { _, link in
            guard let station = link.session.peer?.station else { return false }
            return roster.formerMembers[station] != nil
        }
        for id in ended.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            logger.notice("a link is cut: its station is a member no more", metadata: ["link": "\(id.rawValue)"])
            perform(on: id, at: moment) { $0.close(.notAMember, "the station is a member no more", at: moment) }
        }
        do {
            guard try replica.settleRemovals() else { return }
            leapAfterRemoval(at: moment)
        } catch {
            counters.storeFailures += 1
            logger.error("a removal could not be carried out", metadata: ["error": "\(error)"])
        }
    }

    /// Less is held than before, or more that did not come over a link: everything is compared anew.
    func leapAfterRemoval(at moment: Moment) {
        logger.notice("what former members wrote beyond their end counts no more, or counts again")
        for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            perform(on: id, at: moment) { $0.onVectorLeap(at: moment) }
        }
    }
}
