import Foundation

/// What is being done, told on standard error: a figure may take a minute.
enum Progress {
    private static let start = ContinuousClock.now

    static func note(_ text: String) {
        let seconds = Int(start.duration(to: .now) / .seconds(1))
        FileHandle.standardError.write(Data("\(String(format: "%4d", seconds)) s  \(text)\n".utf8))
    }
}
