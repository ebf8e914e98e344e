import Gemba
import GembaGossip

extension Replica {
    /// Calls `body` with the batches in which a node would send everything after a position.
    func forEachBatch(after position: inout Int64, _ body: ([Run]) throws -> Void) throws {
        while true {
            let news = try runs(
                of: .data, after: position, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
            if news.runs.isEmpty { return }
            position = news.position
            try body(news.runs)
        }
    }

    /// Hands everything after a position to another station.
    func pass(to receiver: Replica, after position: inout Int64) throws {
        try forEachBatch(after: &position) { runs in
            let outcome = try receiver.apply(runs, kind: .data)
            precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
        }
    }
}

extension [[Run]] {
    /// The batches as a node applies them that has received all: several in a transaction.
    var joined: [[Run]] {
        let count = SessionLimits().appliedBytes / Limits.batchBytes
        return stride(from: 0, to: self.count, by: count).map { start in
            self[start..<Swift.min(start + count, self.count)].flatMap(\.self)
        }
    }
}
