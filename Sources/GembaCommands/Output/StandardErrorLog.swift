import Foundation
import Logging

/// Writes a log to standard error, one line for each message: time, level, message, details.
///
/// Where systemd collects it, the level goes before the line in the way of sd-daemon(3), and the time is left out.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    private let label: String
    private static let isJournal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = metadata.merging(event.metadata ?? [:]) { _, last in last }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let prefix = Self.isJournal ? "<\(event.level.journalPriority)>" : "\(Self.time()) \(event.level) "
        let suffix = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        let line = "\(prefix)\(label): \(event.message)\(suffix)".replacingOccurrences(of: "\n", with: " ")
        Terminal.say(line)
    }

    private static func time() -> String {
        PointInTime.iso(UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
    }
}

extension Logger.Level {
    /// The priority of syslog(3).
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
