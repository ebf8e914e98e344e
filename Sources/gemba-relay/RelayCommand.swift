import ArgumentParser
import GembaCommands
import GembaStore

/// The relay's program: it knows no tables, and stores and forwards those of all others.
enum Relay: Program {
    static let name = "gemba-relay"
    static let schema = Schema.none
}

/// `gemba-relay`: a machine without a screen that stations meet at.
struct RelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemba-relay",
        abstract: "A relay between the stations of a plant: it keeps and passes on what it does not understand.",
        discussion: """
            EXAMPLES
              gemba-relay join --data /var/lib/gemba-relay --token-file relay.token
              gemba-relay --data /var/lib/gemba-relay --listen tcp://*:7800

            EXIT STATUS
              0 done · 1 failure · 2 usage · 3 not found or ambiguous · 4 refused · 5 conflict to settle · 6 nobody reachable
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand<Relay>.self, JoinCommand<Relay>.self, StatusCommand<Relay>.self, MemberCommand<Relay>.self,
            DigestCommand<Relay>.self, VerifyCommand<Relay>.self, DoctorCommand<Relay>.self,
            BundleCommand<Relay>.self, ForkCommand<Relay>.self, KeyCommand<Relay>.self,
        ],
        defaultSubcommand: RunCommand<Relay>.self)
}
