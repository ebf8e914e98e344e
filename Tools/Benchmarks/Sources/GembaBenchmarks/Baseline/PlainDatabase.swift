import CBaseline
import Foundation

/// The baseline: the same rows in the same kind of file, written by SQLite's C API alone or with what others offer to keep
/// track of changes.
final class PlainDatabase {
    private let handle: OpaquePointer

    /// A way to keep track of changes.
    struct Tracking {
        var name: String
        fileprivate var tracking = BASELINE_PLAIN
        fileprivate var `extension`: String?
        fileprivate var setup: String?
        fileprivate var farewell: String?

        static let none = Tracking(name: "plain SQLite")
        static let triggers = Tracking(name: "triggers that fill a log", tracking: BASELINE_TRIGGERS)
        static let session = Tracking(name: "session extension", tracking: BASELINE_SESSION)

        static func crSQLite(_ path: String) -> Tracking {
            Tracking(
                name: "cr-sqlite", extension: path, setup: "SELECT crsql_as_crr('ticket')",
                farewell: "SELECT crsql_finalize()")
        }

        static func sqliteSync(_ path: String) -> Tracking {
            Tracking(
                name: "sqlite-sync", extension: path, setup: "SELECT cloudsync_init('ticket', 'CLS', 1)",
                farewell: "SELECT cloudsync_terminate()")
        }
    }

    /// Creates a database with an empty table; nil when that fails.
    init?(path: String, tracking: Tracking = .none) {
        // The farewell is read when the database is closed.
        farewell = tracking.farewell.map { strdup($0) }
        guard
            let handle = baseline_open(path, tracking.tracking, tracking.extension, tracking.setup, farewell)
        else {
            free(farewell)
            return nil
        }
        self.handle = handle
    }

    /// Opens a database that was made before.
    init?(existing path: String) {
        guard let handle = baseline_reopen(path) else { return nil }
        self.handle = handle
        farewell = nil
    }

    private let farewell: UnsafeMutablePointer<CChar>?

    deinit {
        baseline_close(handle)
        free(farewell)
    }

    private func check(_ succeeded: Int32) {
        guard succeeded != 0 else { fatalError("baseline: \(String(cString: baseline_error(handle)))") }
    }

    /// Inserts tickets in one transaction.
    func insert(_ tickets: PlainTickets, _ range: Range<Int>) {
        check(baseline_insert(handle, tickets.start + range.lowerBound, range.count, tickets.texts))
    }

    /// Fills the empty table in one transaction, with its indexes built last.
    func fill(_ tickets: PlainTickets) { check(baseline_fill(handle, tickets.start, tickets.count, tickets.texts)) }

    /// Sets the state of some tickets in one transaction, in the order given.
    func update(_ tickets: PlainTickets, _ order: [UInt32], state: String) {
        check(baseline_update(handle, tickets.start, order, order.count, state))
    }

    /// Has the session extension remember changes from now on.
    func track() { check(baseline_track(handle)) }

    /// What the session extension made of the changes since.
    func changeset() -> [UInt8] {
        var count = 0
        guard let bytes = baseline_changeset(handle, &count) else {
            fatalError("baseline: \(String(cString: baseline_error(handle)))")
        }
        defer { baseline_free(bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
