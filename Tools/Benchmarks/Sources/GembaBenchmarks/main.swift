import Foundation

let folder = FileManager.default.temporaryDirectory.path + "/gemba-bench-\(UUID().uuidString)"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

var report = Report()
try TicketBatches(folder: folder).run(into: &report)

if CommandLine.arguments.contains("--json") {
    print(try report.json())
} else {
    print(report.table())
}
