import ArgumentParser
import GembaCommands

/// `gemba`: everything that people and services at a station do.
struct GembaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemba",
        abstract: "Tickets of a plant, on every workstation, with and without a network.",
        discussion: """
            EXAMPLES
              gemba report "label printer dead" --at L3-PRN2 --by ewa
              gemba ticket list
              gemba ticket ack L3-0001 --by marek
              gemba status

            Every command works on the data folder given with --data or GEMBA_DATA, while `gemba run` serves it or not.

            EXIT STATUS
              0 done · 1 failure · 2 usage · 3 not found or ambiguous · 4 refused · 5 conflict to settle · 6 nobody reachable ·
              7 rows differ
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Tickets", subcommands: [ReportCommand.self, TicketCommand.self, ImportCommand.self]),
            CommandGroup(
                name: "This machine",
                subcommands: [
                    RunCommand<Station>.self, StatusCommand<Station>.self, ConflictsCommand<Station>.self,
                    WhyCommand<Station>.self, HistoryCommand<Station>.self, DigestCommand<Station>.self,
                    DiffCommand<Station>.self,
                    VerifyCommand<Station>.self, DoctorCommand<Station>.self, CompactCommand<Station>.self,
                    BundleCommand<Station>.self, ForkCommand<Station>.self, KeyCommand<Station>.self,
                ]),
            CommandGroup(
                name: "The plant",
                subcommands: [
                    InitCommand<Station>.self, InviteCommand<Station>.self, JoinCommand<Station>.self,
                    InvitationCommand<Station>.self, MemberCommand<Station>.self,
                ]),
        ])
}
