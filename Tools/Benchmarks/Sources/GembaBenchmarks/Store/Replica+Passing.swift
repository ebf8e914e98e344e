import Gemba

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
