import Foundation

/// Numbers of one kind, one for each repetition; times are in seconds.
struct Series {
    private(set) var values: [Double] = []

    init(_ values: [Double] = []) { self.values = values }

    mutating func add(_ value: Double) { values.append(value) }

    /// Measures how long something takes.
    @discardableResult
    mutating func time<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = Stopwatch.now
        defer { add(Stopwatch.now - start) }
        return try body()
    }

    var median: Double { quantile(0.5) }

    /// - Precondition: there is a value.
    func quantile(_ share: Double) -> Double {
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    /// Each value over another.
    func over(_ divisor: Double) -> Series { Series(values.map { $0 / divisor }) }
}

/// What times are taken with.
enum Stopwatch {
    /// Whether the processor's time counts and not the clock's: on a machine that does other things as well, figures that do
    /// not wait for anything are steadier so.
    nonisolated(unsafe) static var countsProcessorTime = false

    /// Seconds since some moment.
    static var now: Double {
        var time = timespec()
        clock_gettime(countsProcessorTime ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
