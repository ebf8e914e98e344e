import CBaseline
import Foundation

/// What the figures were measured on.
enum Machine {
    static var description: String {
        let model = text(of: "/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let load = text(of: "/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
        return """
            \(model ?? "unknown processor"), \(cores) cores, load \(load)
            \(ProcessInfo.processInfo.operatingSystemVersionString), \(String(cString: baseline_versions()))
            """
    }

    private static func text(of path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
