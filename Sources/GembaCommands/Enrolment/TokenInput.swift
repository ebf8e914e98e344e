import Foundation
import GembaTrust

/// Where an invitation is read from: a file or standard input, never an argument, which other users see.
enum TokenInput {
    /// No invitation comes near this many bytes.
    private static let maximumBytes = 64 << 10

    /// Reads the invitation in a file, or on standard input without one.
    static func read(file: String?) throws -> InvitationToken {
        let text = try text(file: file)
        // What `gemba invite` printed may stand below other lines, as in a mail.
        let words = text.split { $0.isWhitespace }
        let word = words.last { $0.lowercased().hasPrefix("gemba1-") }
        return try InvitationToken(printed: word.map(String.init) ?? text)
    }

    private static func text(file: String?) throws -> String {
        let handle: FileHandle
        if let file, file != "-" {
            guard let opened = FileHandle(forReadingAtPath: file) else {
                throw CommandFailure(.usage, "The file \(file) with the invitation cannot be read.")
            }
            handle = opened
        } else {
            if Terminal.isInteractive {
                Terminal.say("Paste the invitation that `gemba invite` printed, then press Enter:")
                return readLine() ?? ""
            }
            handle = .standardInput
        }
        let data = try handle.read(upToCount: maximumBytes) ?? Data()
        guard !data.isEmpty else {
            throw CommandFailure(
                .usage, "There is no invitation to read: give it on standard input, or with --token-file FILE.")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
