import Foundation
import GembaWire
import Synchronization

/// Compresses the entries of a batch for their segments, in another thread, ahead of the one that verifies and stores them.
///
/// Nothing is known of a run here but its bytes; what is compressed of one that is refused is not used.
final class RunCompression: Sendable {
    private enum Place {
        case waiting
        case taken
        case done([SegmentEntries])
    }

    private let runs: ArraySlice<Run>
    private let places: Mutex<[Place]>
    /// Signalled for each run that the other thread has done.
    private let progress = DispatchSemaphore(value: 0)

    /// Begins, unless there is so little that starting a thread takes longer.
    ///
    /// - Parameter runs: a batch.
    init?(of runs: ArraySlice<Run>) {
        guard runs.count > 1, runs.reduce(0, { $0 + $1.entryBytes }) >= Self.least else { return nil }
        self.runs = runs
        places = Mutex(Array(repeating: .waiting, count: runs.count))
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            for index in runs.indices where claim(index) {
                let entries = Self.compress(runs[index])
                places.withLock { $0[index - runs.startIndex] = .done(entries) }
                progress.signal()
            }
        }
    }

    private static let least = 64 << 10

    private static func compress(_ run: Run) -> [SegmentEntries] {
        let entries = run.entries.dropFirst(run.first == 0 ? 1 : 0)
        return SegmentBuilder.groups(of: entries.lazy.map { $0.count }).map { SegmentEntries(of: entries[$0]) }
    }

    /// Whether it is the caller who compresses a run.
    private func claim(_ index: Int) -> Bool {
        places.withLock { places in
            guard case .waiting = places[index - runs.startIndex] else { return false }
            places[index - runs.startIndex] = .taken
            return true
        }
    }

    /// What stands in the segments of a run, without its genesis; nil when the other thread has not come to it.
    ///
    /// - Parameter index: of the run in the batch. Each is asked for once at most.
    func entries(ofRun index: Int) -> [SegmentEntries]? {
        if claim(index) { return nil }
        while true {
            if case .done(let entries) = places.withLock({ $0[index - runs.startIndex] }) { return entries }
            progress.wait()
        }
    }

    /// Does what was not begun no more.
    func cancel() { for index in runs.indices { _ = claim(index) } }
}
