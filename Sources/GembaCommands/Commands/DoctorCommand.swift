public import ArgumentParser
import GembaStore
import GembaWire

/// `doctor`: what is wrong with this machine, and what to do about it.
public struct DoctorCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "doctor", abstract: "Say what is wrong with this machine, and what to do about it.",
            discussion: """
                EXAMPLES
                  \(Owner.name) doctor
                  \(Owner.name) doctor --json | jq '.findings[] | select(.state != "good")'

                Looks at identity, peers, clock, disk and file. `\(Owner.name) verify` reads all hashes and rows besides. \
                Something that is broken ends with status 1; what is only worth knowing does not.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Prints what was found.
    public func run() throws {
        let findings = try examine()
        if output.json {
            JSONValue.object([
                ("version", .integer(1)),
                (
                    "findings",
                    .array(
                        findings.map { finding in
                            .object([
                                ("subject", .string(finding.subject)), ("state", .string(finding.state.rawValue)),
                                ("text", .string(finding.text)), ("remedy", .text(finding.remedy)),
                            ])
                        })
                ),
            ]).print()
        } else {
            for finding in findings {
                let line = "\(finding.state.sign) \(finding.subject): \(finding.text)"
                print(finding.state == .good ? line : Terminal.warning(line))
                if let remedy = finding.remedy { print("    \(remedy)") }
            }
        }
        let broken = findings.filter { $0.state == .broken }
        if !broken.isEmpty {
            throw CommandFailure(.failure, "Broken: \(broken.map(\.subject).joined(separator: ", ")).")
        }
    }

    /// A replica that cannot even be read is a finding, too; one that is not there is a mistake in the command.
    private func examine() throws -> [Examination.Finding] {
        do {
            return try Examination(program: Owner.name, of: Owner.open(data)).findings
        } catch let error as StoreError where error.code == .notFound {
            throw error
        } catch {
            return [.unreadable(error, program: Owner.name)]
        }
    }
}
