import GembaCausality
import GembaTrust
import GembaWire

/// A form in which authors' work lies in a store, is on its way or is carried in a file.
enum MutantForm: CaseIterable {
    case storedRun
    case batch
    case pack
    case bodies
    case stream
    case head
    case hello
    case manifest

    /// Whether roster logs take this form, too.
    var carriesRoster: Bool { self != .pack && self != .bodies }

    /// The bytes of a sample in this form, before or after its runs are damaged with understanding.
    func encode(_ runs: [Run], of logs: SampleLogs, using random: inout SeededGenerator) -> [UInt8] {
        let session = SessionID(rawValue: 1)
        let kind: LogKind = runs.allSatisfy { $0.replica == logs.logs[0].replica } ? .roster : .data
        switch self {
        case .storedRun: return runs[0].encoded()
        case .batch:
            let batch = BatchMessage(kind: kind, round: 1, offset: 0, runs: runs)
            return Frame(session: session, message: .batch(batch)).encoded()
        case .pack:
            var context = PackingContext()
            let batch = BatchMessage(kind: .data, round: 1, offset: 0, runs: runs)
            guard let pack = PackMessage(packing: batch, in: &context) else { return [] }
            return Frame(session: session, message: .pack(pack)).encoded()
        case .bodies:
            let question = BackfillMessage(round: 1, position: 0, maximumBytes: 1 << 18, ranges: [])
            let answer = try? BodiesMessage(
                answering: question, position: 1, isLast: true, packing: runs.map { BodyRun(start: nil, run: $0) })
            return answer.map { Frame(session: session, message: .bodies($0)).encoded() } ?? []
        case .stream:
            // A file that is carried has the frames of a stream, each with its length.
            return runs.flatMap { run in
                let batch = BatchMessage(kind: kind, round: 1, offset: 0, runs: [run])
                let frame = Frame(session: session, message: .batch(batch)).encoded()
                return withUnsafeBytes(of: UInt32(frame.count).bigEndian) { Array($0) } + frame
            }
        case .head: return random.pick(logs.heads)?.encoded() ?? []
        case .hello:
            let heads = Array(logs.heads.shuffled(using: &random).prefix(3))
            let hello = Hello(
                lowestVersion: 1, highestVersion: 1, plant: logs.plant, station: logs.logs[0].identity.stationKey,
                nonce: 1, wallClock: 1, tip: nil, held: heads)
            return Frame(session: session, message: .hello(hello)).encoded()
        case .manifest: return logs.manifest.encoded()
        }
    }

    /// What a receiver that holds everything before would believe of the bytes: as strict as the code that production uses, and
    /// no stricter.
    func believed(_ bytes: [UInt8], by judge: MutantJudge) -> [MutantJudge.Belief] {
        switch self {
        case .storedRun: return (try? Run(decoding: bytes)).map { judge.believe($0) } ?? []
        case .batch, .pack, .bodies, .hello: return believed(frame: bytes, by: judge)
        case .stream:
            var beliefs: [MutantJudge.Belief] = []
            var rest = bytes[...]
            while rest.count >= 4 {
                let length = Int(rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
                rest = rest.dropFirst(4)
                beliefs += believed(frame: Array(rest.prefix(length)), by: judge)
                rest = rest.dropFirst(length)
            }
            return beliefs
        case .head: return (try? SignedHead(decoding: bytes)).map { judge.believe($0) } ?? []
        case .manifest: return (try? SignedManifest(decoding: bytes)).map { judge.believe($0) } ?? []
        }
    }

    private func believed(frame bytes: [UInt8], by judge: MutantJudge) -> [MutantJudge.Belief] {
        guard let frame = try? Frame(decoding: bytes) else { return [] }
        switch frame.message {
        case .batch(let batch): return batch.runs.flatMap { judge.believe($0, as: batch.kind) }
        case .pack(let pack):
            var context = PackingContext()
            var runs: [Run] = []
            for run in pack.runs {
                guard let run = try? run.unpacked(in: &context) else { return [] }
                runs.append(run)
            }
            return runs.flatMap { judge.believe($0, as: .data) }
        case .bodies(let answer): return ((try? answer.unpacked()) ?? []).flatMap { judge.believe($0.run, as: .data) }
        case .hello(let hello): return hello.held.flatMap { judge.believe($0) }
        case .offer(let offer): return judge.believe(offer.signed)
        default: return []
        }
    }
}

extension SampleLogs {
    /// All signed heads.
    var heads: [SignedHead] { logs.flatMap(\.heads) }
}
