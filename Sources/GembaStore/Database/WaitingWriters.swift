import Foundation
import Synchronization

/// Who waits to write to a database, for a process that writes much and should give way.
///
/// In this process they are counted. Another one that finds the database locked shows a ``WaitingSign``.
final class WaitingWriters: Sendable {
    private let count = Atomic<Int>(0)
    private let sign: SignFile

    /// - Parameter path: the file of the sign.
    init(path: String) { sign = SignFile(path: path) }

    /// Notes that somebody is about to write, until the arrival ends.
    func arrive() -> Arrival { Arrival(self) }

    /// Somebody who waits.
    final class Arrival: Sendable {
        private let writers: WaitingWriters
        private let isWaiting = Atomic<Bool>(true)

        fileprivate init(_ writers: WaitingWriters) {
            self.writers = writers
            writers.count.add(1, ordering: .relaxed)
        }

        /// It is this one's turn.
        func end() {
            if isWaiting.exchange(false, ordering: .relaxed) { writers.count.subtract(1, ordering: .relaxed) }
        }

        deinit { end() }
    }

    /// Whether somebody waits. Takes a microsecond.
    var isAnyone: Bool { count.load(ordering: .relaxed) > 0 || sign.isShown }

    /// Waits until those who wait have had their turn, for as long as they may need to notice that it has come.
    func letPass() {
        for _ in 0..<Self.patience where isAnyone { usleep(Self.pause) }
    }

    private static let pause: useconds_t = 500
    private static let patience = 200
}

/// Shown by a process while it waits for another one to let go of the database.
///
/// It is a shared lock on a file, held while the process sleeps between two attempts; when a process dies, the system takes
/// its lock away.
final class WaitingSign: Sendable {
    private let file: SignFile

    /// - Parameter path: the file, which is made when it is missing.
    init(path: String) { file = SignFile(path: path) }

    /// For SQLite's busy handler: waits a little before the next attempt.
    ///
    /// - Parameter attempt: how many were made before.
    /// - Returns: false when it was waited long enough.
    func wait(attempt: Int) -> Bool {
        guard attempt < Self.attempts else { return false }
        file.show(for: Self.pause)
        return true
    }

    /// Often enough to be there when another process gives way.
    private static let pause: useconds_t = 1000
    /// Ten seconds; a batch of a catch-up takes well under that.
    private static let attempts = 10_000
}

/// One open file description of the file whose locks are the sign. Without the file nobody is noticed, and all goes on.
private final class SignFile: Sendable {
    private let descriptor: CInt

    init(path: String) { descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func show(for duration: useconds_t) {
        let isShown = descriptor >= 0 && flock(descriptor, LOCK_SH) == 0
        usleep(duration)
        if isShown { flock(descriptor, LOCK_UN) }
    }

    /// Whether another description shows the sign.
    var isShown: Bool {
        guard descriptor >= 0 else { return false }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { return errno == EWOULDBLOCK }
        flock(descriptor, LOCK_UN)
        return false
    }
}
