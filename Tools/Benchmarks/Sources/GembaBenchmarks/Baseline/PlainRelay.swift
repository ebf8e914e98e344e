import CBaseline

/// The baseline for a pair of stations: a commit in SQLite, a message, a commit in SQLite, a reply.
///
/// `@unchecked Sendable`: one task at a time uses it.
final class PlainRelay: @unchecked Sendable {
    private let handle: OpaquePointer

    /// Begins with two databases in a folder.
    init(folder: String) {
        guard let handle = baseline_relay_start(folder) else { fatalError("no relay in \(folder)") }
        self.handle = handle
    }

    deinit { baseline_relay_stop(handle) }

    /// Commits a ticket at both ends.
    func send(_ tickets: PlainTickets, _ index: Int) {
        guard baseline_relay_send(handle, tickets.start + index, tickets.texts) != 0 else {
            fatalError("a ticket was not committed at both ends")
        }
    }
}
