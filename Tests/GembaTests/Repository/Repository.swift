import Foundation

/// The files of this repository, for the tests that hold its own rules.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL

    /// A text file and its path from the root.
    struct File: Sendable {
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        /// The first folder below `Sources`, which is the target.
        var target: String { String(path.split(separator: "/")[1]) }
        var name: String { String(path.split(separator: "/").last ?? "") }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All files in a folder whose names end in `suffix`, in the order of their paths.
    static func files(in folder: String, suffix: String = ".swift") throws -> [File] {
        try paths(in: folder).filter { $0.hasSuffix(suffix) }.map { File(path: $0, text: try text($0)) }
    }

    /// The paths of all files in a folder; those of builds are left out.
    static func paths(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            .map { folder + "/" + $0 }
            .filter { !$0.contains("/.build/") && !$0.contains("__pycache__") }
            .sorted()
    }
}
