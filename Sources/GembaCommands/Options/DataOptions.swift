public import ArgumentParser
import Foundation
import GembaStore
import GembaTrust

/// Which data folder a command works on.
public struct DataOptions: ParsableArguments {
    /// The folder, as it was given.
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The station's data folder; also taken from GEMBA_DATA.", valueName: "dir"),
        completion: .directory)
    public var path: String?

    /// Where the passphrase of the station's keys stands, as it was given.
    @Option(
        help: ArgumentHelp(
            "The file with the passphrase of this machine's keys, if they are locked; without it the systemd credential "
                + "gemba-passphrase, or what is typed.",
            valueName: "file"),
        completion: .file())
    public var passphraseFile: String?

    /// Creates options to be parsed.
    public init() {}

    /// The system's sources, with the passphrase from where it was said to be.
    ///
    /// - Parameter asksForNew: whether new keys are to be locked with a passphrase that somebody types.
    func sources(asksForNew: Bool = false) -> ReplicaSources {
        let input = PassphraseInput(file: passphraseFile, asksForNew: asksForNew)
        var sources = ReplicaSources.system
        sources.passphrase = { (use) throws(TrustError) in try input.passphrase(for: use) }
        return sources
    }

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
