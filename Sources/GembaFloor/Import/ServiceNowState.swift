/// The state of an incident as ServiceNow names it, by its label or by its number.
enum ServiceNowState: Hashable {
    case new
    case active
    /// Waiting, with the label's words, since plants add states of their own.
    case awaiting(String)
    case resolved
    case closed
    case cancelled

    init?(_ label: String) {
        let words = label.lowercased()
        switch words {
        case "new", "1": self = .new
        case "active", "in progress", "work in progress", "2": self = .active
        case "resolved", "6": self = .resolved
        case "closed", "closed complete", "7": self = .closed
        case "canceled", "cancelled", "8": self = .cancelled
        case "on hold", "3": self = .awaiting("on hold")
        default:
            guard words.hasPrefix("awaiting ") || words.hasPrefix("pending") else { return nil }
            self = .awaiting(words)
        }
    }

    /// What is waited for, as a ``HoldReason`` where the words mean one, else in the words themselves.
    static func holdReason(_ words: String) -> String {
        let reasons: [(String, HoldReason)] = [
            ("user", .information), ("caller", .information), ("evidence", .information), ("info", .information),
            ("vendor", .vendor), ("problem", .decision), ("approval", .decision), ("change", .window),
            ("part", .part),
        ]
        return reasons.first { words.contains($0.0) }?.1.rawValue ?? words
    }
}
