import GembaSimulation

/// The sums over many simulations.
struct SoakTally: CustomStringConvertible {
    private(set) var failures = 0
    private var runs = 0
    private var events = 0
    private var faults = 0
    private var writes = 0
    private var frames = 0
    private var reads = 0
    private var bodies: UInt64 = 0
    private var stateChecks = 0
    private var lapses = 0
    private var removals = 0
    private var droppedRows = 0
    private var branches = 0
    private var virtualSeconds = 0
    private var slowest = (milliseconds: 0, seed: UInt64(0))
    private var byFault: [String: Int] = [:]
    private let start = ContinuousClock.now

    mutating func add(_ report: SimulationReport) {
        runs += 1
        if report.violation != nil { failures += 1 }
        events += report.counts.events
        faults += report.counts.totalFaults
        writes += report.counts.writes
        frames += report.counts.network.sent
        reads += report.counts.observations.reads
        bodies += report.counts.bodies
        stateChecks += report.counts.observations.stateChecks
        lapses += report.counts.lapses
        removals += report.counts.removals
        droppedRows += report.counts.droppedRows
        branches += report.counts.branches
        virtualSeconds += report.virtualMilliseconds / 1000
        byFault.merge(report.counts.faults, uniquingKeysWith: +)
        if let time = report.counts.convergence, time > slowest.milliseconds {
            slowest = (time, report.options.seed)
        }
    }

    var description: String {
        let seconds = Double(start.duration(to: .now).components.seconds)
        let classes = byFault.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return """
            \(runs) seeds, \(failures) failures, in \(Int(seconds)) s
            \(events) events, \(frames) frames, \(writes) writes, \(reads) reads, \(stateChecks) states compared, \
            \(bodies) bodies fetched, \(lapses) lapses, \(removals) removals, \(droppedRows) rows dropped, \(branches) branches, \
            \(virtualSeconds / 3600) h of virtual time
            \(faults) faults: \(classes)
            slowest convergence \(slowest.milliseconds) ms of seed \(slowest.seed)
            """
    }
}
