import GembaStore
import Logging
import Synchronization

/// Has a daemon close its station's invitations once they have served or outlived their purpose.
final class InvitationCaretaker: Sendable {
    private let replica: Replica
    private let logger: Logger
    private let calls = Mutex(0)

    /// Calls of ``tend()`` between two looks; it is called some twenty times a second.
    private static let interval = 100

    init(replica: Replica, logger: Logger) {
        self.replica = replica
        self.logger = logger
    }

    /// Called several times a second.
    func tend() {
        let isDue = calls.withLock { calls in
            calls = (calls + 1) % Self.interval
            return calls == 0
        }
        guard isDue else { return }
        do {
            let count = try replica.closeFinishedInvitations()
            if count > 0 { logger.info("invitations closed", metadata: ["count": "\(count)"]) }
        } catch {
            logger.error("invitations could not be closed", metadata: ["error": "\(error)"])
        }
    }
}
