import GembaCausality
public import GembaWire

/// The checkpoint that a replica stands on: what it has instead of the bodies below its floor.
public struct CheckpointRecord: Hashable, Sendable {
    /// How far the content is known to be what the logs make.
    public enum Trust: Int64, Sendable {
        /// Its maker signed it, and nobody else was asked.
        case signed = 0
        /// Two more members showed the same merge state.
        case agreed = 1
        /// The logs were replayed here with the same result, or this replica made it from its own.
        case verified = 2
    }

    /// The manifest.
    public var signed: SignedManifest
    /// How far it is trusted.
    public var trust: Trust
}

extension StoreContext {
    /// The checkpoint that this replica stands on; nil when it holds every body.
    func checkpointRecord() throws -> CheckpointRecord? {
        try connection.statement("SELECT manifest, trust FROM gemba_checkpoint").first { row in
            guard let signed = try? SignedManifest(decoding: row.bytes(0)),
                let trust = CheckpointRecord.Trust(rawValue: row.int(1))
            else {
                throw StoreError(.corrupted, "The record of the checkpoint is damaged; run `gemba verify`.")
            }
            return CheckpointRecord(signed: signed, trust: trust)
        }
    }

    /// Notes that the replica stands on another checkpoint.
    func save(_ record: CheckpointRecord) throws {
        try connection.statement("DELETE FROM gemba_checkpoint").run()
        try connection.statement("INSERT INTO gemba_checkpoint (id, manifest, trust) VALUES (?, ?, ?)")
            .bind(1, record.signed.manifest.id).bind(2, record.signed.encoded()).bind(3, record.trust.rawValue)
            .run()
    }
}
