import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())

switch arguments.first {
case nil, "--json":
    try await withScratchFolder { folder in
        var report = Report()
        try TicketBatches(folder: folder).run(into: &report)
        try measureText(in: ProcessInfo.processInfo.environment["GEMBA_TEXT_TRACES"], into: &report)
        print(arguments.isEmpty ? report.table() : try report.json())
    }
case "--text":
    var report = Report()
    try measureText(
        in: arguments.dropFirst().first ?? ProcessInfo.processInfo.environment["GEMBA_TEXT_TRACES"], into: &report)
    print(report.table())
case "--catch-up":
    let changes = arguments.dropFirst().first.map { Int($0) } ?? 1_000_000
    guard let changes, changes > 0 else { fail("--catch-up takes a number of changes") }
    try await withScratchFolder { try await CatchUp(folder: $0, changes: changes).run() }
case CatchUp.receiverFlag where arguments.count == 4:
    try await CatchUp.receive(folder: arguments[1], from: arguments[2], changes: UInt64(arguments[3]) ?? 0)
default:
    fail("usage: bench [--json | --text [FOLDER] | --catch-up [CHANGES]]")
}

/// Measures text on the traces in a folder.
func measureText(in folder: String?, into report: inout Report) throws {
    guard let folder, FileManager.default.fileExists(atPath: "\(folder)/automerge-paper.json.gz") else {
        report.note(
            "text: skipped; name a folder with traces of github.com/josephg/editing-traces by GEMBA_TEXT_TRACES")
        return
    }
    try TextEditing(traces: folder).run(into: &report)
    try TextMerging(traces: folder).run(into: &report)
}

func withScratchFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/gemba-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(64)
}
