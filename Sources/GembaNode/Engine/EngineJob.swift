public import GembaStore
import GembaWire

/// Work that takes seconds and that an engine wants done beside it: whoever drives the engine takes jobs from it, runs
/// them wherever it likes, and brings the results back.
public struct EngineJob: Sendable {
    enum Kind: Sendable {
        case makeCheckpoint
        case install(CheckpointID)
    }

    let kind: Kind

    /// Does the work. Blocks for as long as that takes.
    public func run(on replica: Replica) -> EngineJobResult {
        do {
            switch kind {
            case .makeCheckpoint: return EngineJobResult(.made(try replica.makeCheckpoint()))
            case .install(let id): return EngineJobResult(.installed(id, try replica.install(id)))
            }
        } catch {
            return EngineJobResult(.failed(self, "\(error)"))
        }
    }
}

/// What came of a job.
public struct EngineJobResult: Sendable {
    enum Kind: Sendable {
        case made(SignedManifest)
        case installed(CheckpointID, CheckpointOutcome)
        case failed(EngineJob, String)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }
}
