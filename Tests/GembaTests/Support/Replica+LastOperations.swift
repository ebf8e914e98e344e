import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

extension Replica {
    /// What the last change of the own log does.
    func lastOperations() throws -> [RowOperation] {
        let own = try #require(try currentTip()).replica
        let (runs, _, _) = try runs(of: .data, after: 0, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
        let run = try #require(runs.first { $0.replica == own })
        let entry = try Entry(decoding: try #require(run.entries.last))
        return try ChangeBody(decoding: Envelope.open(entry), author: own, sequence: run.last).operations
    }
}
