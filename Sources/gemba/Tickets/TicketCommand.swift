import ArgumentParser

/// `ticket`: what is known of tickets, and what people do with them.
struct TicketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket", abstract: "List tickets, show them, and say what is done about them.",
        discussion: """
            EXAMPLES
              gemba ticket list --open
              gemba ticket ack L3-0001 --by marek --next-update 30m
              gemba ticket note L3-0001 "ordered a new fuser" --by marek
              gemba ticket resolve L3-0001 --did "changed the fuser" --by marek

            ID is a number in any case (L3-0001, l3-1), a name from another system, an id, or the beginning of an id.
            """,
        subcommands: [
            TicketListCommand.self, TicketShowCommand.self, AcknowledgeCommand.self, StartCommand.self,
            NoteCommand.self, ClaimCommand.self, AssignCommand.self, HelpOutCommand.self, LeaveCommand.self,
            HoldCommand.self, UnholdCommand.self, RaiseCommand.self, ResolveCommand.self, ConfirmCommand.self,
            ReopenCommand.self, WithdrawCommand.self, RestoreCommand.self, SetCommand.self, LabelCommand.self,
        ])
}
