import Foundation
import GembaCommands

/// A text that people type as an argument, or with `-` give on standard input.
enum TextInput {
    /// Longer than anything that one person writes at once.
    private static let maximumBytes = 256 << 10

    static func read(_ argument: String) throws -> String {
        guard argument == "-" else { return argument }
        let data = try FileHandle.standardInput.read(upToCount: maximumBytes) ?? Data()
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure(.usage, "The text on standard input is not UTF-8.")
        }
        return text.trimmingCharacters(in: .newlines)
    }
}
