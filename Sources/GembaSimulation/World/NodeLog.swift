import Logging
import Synchronization

/// Keeps the last lines that a node logged, to be printed when a run fails.
final class NodeLog: Sendable {
    private static let capacity = 60
    private let time: VirtualTime
    private let lines = Mutex<[String]>([])

    init(time: VirtualTime) { self.time = time }

    func add(_ line: String) {
        lines.withLock { lines in
            lines.append("\(time.now) ms: \(line)")
            if lines.count > Self.capacity { lines.removeFirst() }
        }
    }

    var recent: [String] { lines.withLock { $0 } }
}

/// Writes what an engine logs to a ``NodeLog``.
struct NodeLogHandler: LogHandler {
    let log: NodeLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(_ log: NodeLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        log.add(([event.message.description] + details).joined(separator: " "))
    }
}
