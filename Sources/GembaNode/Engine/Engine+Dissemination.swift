import GembaGossip
import GembaStore
import GembaWire
import Logging

extension Engine {
    /// A member is reached over a link: it takes part in spreading changes, if it understands that.
    func disseminate(over id: LinkID, at moment: Moment) {
        guard links[id]?.session.disseminates == true else { return }
        carryOut(dissemination.open(id, at: moment.instant), at: moment)
    }

    /// Lets the dissemination see the time.
    func tickDissemination(at moment: Moment) {
        let isCatchingUp = links.values.contains { $0.session.isCatchingUp(at: moment) }
        carryOut(dissemination.tick(at: moment.instant, isCatchingUp: isCatchingUp), at: moment)
    }

    /// Carries out what the dissemination wants of sessions.
    func carryOut(_ actions: [DisseminationAction<LinkID>], at moment: Moment) {
        for action in actions {
            switch action {
            case .tell(let id, let message): perform(on: id, at: moment) { $0.tell(message, at: moment) }
            case .push(let id, let isPushing): perform(on: id, at: moment) { $0.setPush(isPushing, at: moment) }
            case .compare(let id): perform(on: id, at: moment) { $0.compare(at: moment) }
            }
        }
    }

    /// Looks which of the entries that a peer announced are held.
    func examine(_ announced: [ChangeReference], on id: LinkID, at moment: Moment) -> [SessionAction] {
        do {
            let lacking = try replica.lacking(announced)
            dissemination.noteLacking(lacking, from: id, at: moment.instant)
            let missing = Set(lacking)
            return input(id) { $0.onExamined(held: announced.filter { !missing.contains($0) }, at: moment) }
        } catch {
            // The peer announces again what nobody confirms.
            counters.storeFailures += 1
            logger.error("what is held cannot be looked up", metadata: ["error": "\(error)"])
            return []
        }
    }
}
