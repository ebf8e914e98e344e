public import ArgumentParser
import Foundation

/// Which data folder a command works on.
public struct DataOptions: ParsableArguments {
    /// The folder, as it was given.
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The station's data folder; also taken from GEMBA_DATA.", valueName: "dir"),
        completion: .directory)
    public var path: String?

    /// Creates options to be parsed.
    public init() {}

    /// The folder.
    ///
    /// - Throws: ``CommandFailure`` when none was given.
    public func folder() throws(CommandFailure) -> String {
        let given = path ?? ProcessInfo.processInfo.environment["GEMBA_DATA"] ?? ""
        guard !given.isEmpty else {
            throw CommandFailure(.usage, "Say which data folder: --data DIR, or set GEMBA_DATA.")
        }
        let isRoot = given.allSatisfy { $0 == "/" }
        return isRoot ? "/" : String(given.reversed().drop { $0 == "/" }.reversed())
    }
}
