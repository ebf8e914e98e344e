import GembaCausality
import GembaGossip
import GembaWire

/// The data logs that a node of a large plant holds, without their content.
struct SpreadLog {
    /// An entry as it is sent: all look alike, and are as long as those of a short note.
    private static let entry = Entry(deps: [], body: [UInt8](repeating: 0x20, count: 150)).encoded()

    private(set) var order: [Dot] = []
    private(set) var vector: [ReplicaID: SequenceNumber] = [:]

    var position: Int64 { Int64(order.count) }

    func holds(_ dot: Dot) -> Bool { vector[dot.replica].map { dot.sequence <= $0 } ?? false }

    func next(of replica: ReplicaID) -> Dot { Dot(replica, vector[replica].map { $0 + 1 } ?? 0) }

    mutating func append(_ dot: Dot) {
        order.append(dot)
        vector[dot.replica] = dot.sequence
    }

    var snapshot: VectorSnapshot {
        VectorSnapshot(
            references: vector.map { SpreadHistory.reference(Dot($0.key, $0.value)) }.sorted {
                $0.replica < $1.replica
            },
            position: position)
    }

    func load(_ request: ReadRequest) -> LoadedRuns {
        var runs: [Run] = []
        var bytes = 0
        var index = Int(request.position)
        while index < order.count, bytes < request.maximumBytes {
            let dot = order[index]
            index += 1
            if request.known.contains(dot) { continue }
            bytes += Self.entry.count
            if let last = runs.indices.last, runs[last].replica == dot.replica, runs[last].last + 1 == dot.sequence {
                runs[last].entries.append(Self.entry)
            } else {
                let previous = dot.sequence == 0 ? nil : SpreadHistory.reference(Dot(dot.replica, dot.sequence - 1))
                runs.append(
                    Run(
                        replica: dot.replica, first: dot.sequence, previous: previous?.prefix, entries: [Self.entry],
                        signature: [UInt8](repeating: 0, count: 64)))
            }
        }
        return LoadedRuns(
            kind: request.kind, round: request.round, runs: runs, position: Int64(index),
            reachedEnd: index == order.count)
    }

    /// Applies the entries of runs whose predecessor and cause are held, and returns them.
    mutating func apply(_ runs: [Run], history: SpreadHistory) -> (applied: [Dot], isComplete: Bool) {
        var applied: [Dot] = []
        var isComplete = true
        for run in runs {
            for offset in run.entries.indices {
                let dot = Dot(run.replica, run.first + SequenceNumber(offset))
                if holds(dot) { continue }
                guard next(of: run.replica) == dot, history.cause(of: dot).map(holds) ?? true else {
                    isComplete = false
                    break
                }
                append(dot)
                applied.append(dot)
            }
        }
        return (applied, isComplete)
    }
}
