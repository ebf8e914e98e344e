public import ArgumentParser
import Logging

/// How much a daemon tells.
public struct LogOptions: ParsableArguments {
    /// Messages below this level are left out.
    @Option(help: "The least level that is logged: trace, debug, info, notice, warning, error, critical.")
    public var logLevel: LogLevel = .info

    /// Creates options to be parsed.
    public init() {}

    /// A logger on standard error.
    func makeLogger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StandardErrorLog(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .info
        return logger
    }
}

/// A level of a log, as it is typed.
public enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}
