import Foundation
import GRDBSQLite

/// What the figures were measured on.
enum Machine {
    static var description: String {
        let model = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(model ?? "unknown processor"), \(cores) cores, SQLite \(String(cString: sqlite3_libversion()))"
    }
}
