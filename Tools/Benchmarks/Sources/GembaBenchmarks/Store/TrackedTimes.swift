import Foundation
import Gemba

/// The times of one kind of work: ours, the baseline's, and those of others that keep track of changes.
struct TrackedTimes {
    var own = Series()
    var plain = Series()
    private var others: [(name: String, times: Series)] = []

    /// Times one of the others.
    mutating func time(_ name: String, _ body: () throws -> Void) rethrows {
        let known = others.firstIndex { $0.name == name }
        if known == nil { others.append((name, Series())) }
        try others[known ?? others.count - 1].times.time(body)
    }

    func report(_ name: String, on bench: Bench) {
        bench.add(name, own, over: plain)
        bench.compare(name, with: others, over: plain)
    }
}

extension PlainDatabase.Tracking {
    /// The others that are there to be compared with.
    static func all(on bench: Bench) -> [PlainDatabase.Tracking] {
        var trackings: [PlainDatabase.Tracking] = [.session, .triggers]
        let extensions = [("CRSQLITE_SO", PlainDatabase.Tracking.crSQLite), ("CLOUDSYNC_SO", { .sqliteSync($0) })]
        for (variable, tracking) in extensions {
            guard let path = ProcessInfo.processInfo.environment[variable] else {
                bench.note("\(tracking("").name): skipped; name its extension file by \(variable)")
                continue
            }
            let probe = "\(bench.folder)/probe-\(variable).sqlite"
            try? FileManager.default.removeItem(atPath: probe)
            if PlainDatabase(path: probe, tracking: tracking(path)) == nil {
                bench.note("\(tracking("").name): skipped; \(path) cannot be loaded as an extension of SQLite")
            } else {
                trackings.append(tracking(path))
            }
        }
        return trackings
    }
}
