import GembaCausality
import GembaGossip
import GembaSimulation
import GembaWire

/// What is true about every change of a simulated plant, wherever it is held.
final class ModelTruth {
    /// What a change depends on, besides its predecessor.
    var dependencies: [Dot: [Dot]] = [:]
    /// The roster log that admits the author of a data log.
    var admission: [ReplicaID: ReplicaID] = [:]
    /// The size of entries, where it is not 100 bytes.
    var sizes: [Dot: Int] = [:]
    private var bodies: [Int: [UInt8]] = [:]

    func reference(_ dot: Dot) -> ChangeReference {
        var mix = SeededGenerator(seed: UInt64(truncatingIfNeeded: dot.replica.rawValue) ^ dot.sequence &* 0x1_0001)
        return ChangeReference(
            replica: dot.replica, sequence: dot.sequence, prefix: HashPrefix(rawValue: UInt128(mix.next())))
    }

    /// An entry's bytes. Its content plays no part, so that entries of one size share storage.
    func entry(_ dot: Dot) -> [UInt8] {
        let size = sizes[dot] ?? 100
        if let body = bodies[size] { return body }
        // A list without deps, null, a coding, and the head of the body, which takes the rest.
        let rest = size - 4
        let head = rest <= 24 ? 1 : rest <= 257 ? 2 : rest <= 65_538 ? 3 : 5
        let entry = Entry(deps: [], body: [UInt8](repeating: 0x20, count: rest - head)).encoded()
        precondition(entry.count == size, "no entry has \(size) bytes")
        bodies[size] = entry
        return entry
    }
}

/// The logs of one kind that a simulated node holds, in the order in which it applied them.
struct ModelLog {
    let kind: LogKind
    let truth: ModelTruth
    private(set) var order: [Dot] = []
    private(set) var vector: [ReplicaID: SequenceNumber] = [:]

    init(kind: LogKind, truth: ModelTruth) {
        self.kind = kind
        self.truth = truth
    }

    func holds(_ dot: Dot) -> Bool { vector[dot.replica].map { dot.sequence <= $0 } ?? false }

    mutating func append(_ dot: Dot) {
        precondition(dot.sequence == vector[dot.replica].map { $0 + 1 } ?? 0, "a log has no gaps")
        order.append(dot)
        vector[dot.replica] = dot.sequence
    }

    var snapshot: VectorSnapshot {
        let references = vector.map { truth.reference(Dot($0.key, $0.value)) }.sorted { $0.replica < $1.replica }
        return VectorSnapshot(references: references, position: Int64(order.count))
    }

    func load(_ request: ReadRequest) -> LoadedRuns {
        var runs: [Run] = []
        var bytes = 0
        var index = Int(request.position)
        while index < order.count, bytes < request.maximumBytes {
            let dot = order[index]
            if !request.known.contains(dot) {
                let entry = truth.entry(dot)
                if bytes > 0, bytes + entry.count > request.maximumBytes { break }
                bytes += entry.count
                if continues(runs.indices.last, in: runs, with: dot) {
                    runs[runs.endIndex - 1].entries.append(entry)
                } else {
                    runs.append(
                        Run(
                            replica: dot.replica, first: dot.sequence,
                            previous: dot.sequence == 0
                                ? nil : truth.reference(Dot(dot.replica, dot.sequence - 1)).prefix,
                            entries: [entry], signature: [UInt8](repeating: 0, count: 64)))
                }
            }
            index += 1
        }
        return LoadedRuns(
            kind: request.kind, round: request.round, runs: runs, position: Int64(index),
            reachedEnd: index == order.count)
    }

    private func continues(_ index: Int?, in runs: [Run], with dot: Dot) -> Bool {
        guard let index else { return false }
        return runs[index].replica == dot.replica && runs[index].last + 1 == dot.sequence
            && runs[index].entries.count < Limits.commitGroupEntries
    }

    /// Applies every run that can be applied whole.
    mutating func apply(_ runs: [Run], roster: ModelLog?) -> ApplyOutcome {
        var tips: [ReplicaID: SequenceNumber] = [:]
        var lack: ApplyOutcome.Lack?
        for run in runs {
            if let roster, let admission = truth.admission[run.replica], roster.vector[admission] == nil {
                lack = .roster
            } else if !isApplicable(run) {
                lack = lack ?? .dependency
            } else {
                for dot in dots(of: run) where !holds(dot) {
                    append(dot)
                    tips[dot.replica] = dot.sequence
                }
            }
        }
        let advanced = tips.map { truth.reference(Dot($0.key, $0.value)) }.sorted { $0.replica < $1.replica }
        return lack.map { .incomplete(advanced: advanced, lacking: $0) } ?? .advanced(advanced)
    }

    private func isApplicable(_ run: Run) -> Bool {
        run.first <= vector[run.replica].map { $0 + 1 } ?? 0
            && dots(of: run).allSatisfy { dot in
                truth.dependencies[dot]?.allSatisfy { holds($0) || $0.replica == run.replica } ?? true
            }
    }

    private func dots(of run: Run) -> some Sequence<Dot> {
        run.entries.indices.lazy.map { Dot(run.replica, run.first + SequenceNumber($0)) }
    }
}
