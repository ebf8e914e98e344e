/// How a report came in.
public enum TicketOrigin: String, Sendable, CaseIterable {
    case portal, scan, phone, hallway, chat, mail, signal, paper
    case imported = "import"
}
