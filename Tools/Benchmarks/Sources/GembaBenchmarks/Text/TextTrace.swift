import CTextBaseline
import Foundation
import GembaCRDT

/// A recorded editing session: what somebody typed and deleted, keystroke by keystroke.
///
/// The format is that of the public collection josephg/editing-traces; positions count Unicode scalars.
struct TextTrace: Decodable {
    struct Patch: Decodable {
        var position: Int
        var removed: Int
        var text: String

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            position = try parts.decode(Int.self)
            removed = try parts.decode(Int.self)
            text = try parts.decode(String.self)
        }
    }

    struct Transaction: Decodable {
        var patches: [Patch]
        /// The transactions that its author had seen; absent from the trace of one person.
        var parents: [Int]?
        var agent: Int?
    }

    var endContent: String
    var txns: [Transaction]

    /// The folder with traces, when there is one.
    static var folder: String? {
        let folder = ProcessInfo.processInfo.environment["GEMBA_TEXT_TRACES"]
        return folder.flatMap { FileManager.default.fileExists(atPath: "\($0)/automerge-paper.json.gz") ? $0 : nil }
    }

    /// What is said when there is none.
    static let absence =
        "text: skipped; name a folder with traces of github.com/josephg/editing-traces by GEMBA_TEXT_TRACES"

    /// Reads a trace from `NAME.json.gz`.
    init(named name: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", "\(folder)/\(name).json.gz"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let content = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        self = try JSONDecoder().decode(Self.self, from: content)
    }
}
