import GembaCausality
import GembaTrust
import GembaWire

/// Verifies what it is shown as a receiver does, and knows what the authors really wrote.
struct MutantJudge: Sendable {
    /// Something that was verified.
    enum Belief: Hashable {
        case entry(ReplicaID, SequenceNumber, [UInt8], ChangeHash)
        case head(ReplicaID, SequenceNumber, ChangeHash)
        case manifest([UInt8])
    }

    private let plant: PlantID
    private let logs: [ReplicaID: SampleLogs.Log]
    private let manifest: [UInt8]

    init(_ logs: SampleLogs) {
        plant = logs.plant
        self.logs = Dictionary(uniqueKeysWithValues: logs.logs.map { ($0.replica, $0) })
        manifest = logs.manifest.manifest.encoded()
    }

    /// Whether an author said so, byte for byte.
    func isTrue(_ belief: Belief) -> Bool {
        switch belief {
        case .entry(let replica, let sequence, let bytes, let hash):
            guard let log = logs[replica], sequence < SequenceNumber(log.entries.count) else { return false }
            return log.entries[Int(sequence)] == bytes && log.hashes[Int(sequence)] == hash
        case .head(let replica, let sequence, let hash):
            guard let log = logs[replica], sequence < SequenceNumber(log.hashes.count) else { return false }
            return log.hashes[Int(sequence)] == hash
        case .manifest(let bytes): return bytes == manifest
        }
    }

    /// What of a run stands up to verification at whatever place of its log it claims, in a store that holds all before it.
    func believe(_ run: Run, as kind: LogKind? = nil) -> [Belief] {
        let log = logs[run.replica]
        let predecessor: VerifiedRun.Predecessor? = log.flatMap { log in
            guard run.first > 0, run.first <= SequenceNumber(log.hashes.count) else { return nil }
            return .init(hash: log.hashes[Int(run.first) - 1], station: log.identity.stationKey)
        }
        guard
            let verified = try? VerifiedRun(
                verifying: run, kind: kind ?? log?.kind ?? .data, plant: plant, after: predecessor)
        else { return [] }
        return zip(run.entries, verified.entries).enumerated().map { index, pair in
            .entry(run.replica, run.first + SequenceNumber(index), pair.0, pair.1.hash)
        }
    }

    func believe(_ head: SignedHead) -> [Belief] {
        let isSigned = logs.values.contains {
            HeadVerification.isValid(head, by: $0.identity.stationKey, plant: plant)
        }
        return isSigned ? [.head(head.replica, head.sequence, head.hash)] : []
    }

    func believe(_ signed: SignedManifest) -> [Belief] {
        HeadVerification.isValid(signed) ? [.manifest(signed.manifest.encoded())] : []
    }
}
