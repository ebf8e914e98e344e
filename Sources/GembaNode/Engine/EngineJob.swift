import GembaGossip
public import GembaStore
import GembaWire

/// Work that takes seconds and that an engine wants done beside it: whoever drives the engine takes jobs from it, runs
/// them wherever it likes, and brings the results back.
public struct EngineJob: Sendable {
    enum Kind: Sendable {
        case makeCheckpoint
        case renewCheckpoint
        case install(CheckpointID)
        case settleBackfill
        /// The root of the tree of rows, for a comparison over a link.
        case rowRoot(LinkID, rescans: Bool)
        /// What a session wants to know of this node's rows, and what those are that were made anew before.
        case rows(LinkID, AgreementBasis, RowRequest, replayed: [RowKey: RowDigest])
        case scrub(ScrubRound)
        case mendPages
        case mend
        case applySalvage
    }

    let kind: Kind

    /// Does the work. Blocks for as long as that takes.
    public func run(on replica: Replica) -> EngineJobResult {
        do {
            switch kind {
            case .makeCheckpoint: return EngineJobResult(.made(try replica.makeCheckpoint()))
            case .renewCheckpoint: return EngineJobResult(.made(try replica.renewCheckpoint()))
            case .install(let id): return EngineJobResult(.installed(id, try replica.install(id)))
            case .settleBackfill: return EngineJobResult(.settled(try replica.settleBackfill()))
            case .rowRoot(let id, let rescans):
                return EngineJobResult(
                    .rowRoot(id, try replica.rowRoot(steps: AgreementDesk.steps, rescans: rescans)))
            case .rows(let id, let basis, let request, let replayed):
                let (report, repaired) = try replica.report(on: request, basis: basis, replayed: replayed)
                return EngineJobResult(
                    .rows(id, RowConsultation(basis: basis, request: request, report: report, repaired: repaired)))
            case .scrub(var round):
                let isLast = try replica.scrub(&round, pages: PageCare.step)
                return EngineJobResult(.scrubbed(round, isLast: isLast))
            case .mendPages: return EngineJobResult(.mendedPages(try replica.mendPages()))
            case .mend: return EngineJobResult(.mended(try replica.mend()))
            case .applySalvage: return EngineJobResult(.appliedSalvage(try replica.applySalvage()))
            }
        } catch let error as StoreError where error.code == .diverged {
            // Its maker folded what is not held here, or lacks what was folded here: another's may suit, or this one does when
            // the bodies are here that it does not cover.
            let demand =
                if case .install(let id) = kind { try? replica.demand(before: id) } else { nil as BackfillDemand? }
            return EngineJobResult(.unsuitable(error.message, demand: demand))
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
        /// A checkpoint does not go together with what is held; what is lacking for that.
        case unsuitable(String, demand: BackfillDemand?)
        case settled(BackfillSettlement)
        /// Nil when the tree is not complete yet.
        case rowRoot(LinkID, RowRoot?)
        case rows(LinkID, RowConsultation)
        case scrubbed(ScrubRound, isLast: Bool)
        case mendedPages(Int)
        case mended(MendReport)
        case appliedSalvage(Int)
        case failed(EngineJob, String)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }
}
