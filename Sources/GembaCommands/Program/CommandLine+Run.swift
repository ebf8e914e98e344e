public import ArgumentParser
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

extension CommandLine {
    /// Parses the arguments, runs the command that they name, and ends the process with its ``ExitStatus``.
    ///
    /// Data goes to standard output, messages to standard error.
    public static func run<Root: ParsableCommand>(_ root: Root.Type) async -> Never {
        // Every command reads the station's keys.
        ProcessHardening.keepSecrets()
        do {
            var command = try Root.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            end(.success)
        } catch {
            end(report(error, of: root))
        }
    }

    private static func report<Root: ParsableCommand>(_ error: any Error, of root: Root.Type) -> ExitStatus {
        switch root.exitCode(for: error) {
        case .success:
            // Help and the version were asked for: they are the data.
            print(root.message(for: error))
            return .success
        case .validationFailure:
            Terminal.say(root.fullMessage(for: error))
            return .usage
        default:
            let failure = CommandFailure(error)
            Terminal.say("\(root._commandName): \(failure.description)")
            return failure.status
        }
    }

    private static func end(_ status: ExitStatus) -> Never {
        fflush(nil)
        exit(status.rawValue)
    }
}
