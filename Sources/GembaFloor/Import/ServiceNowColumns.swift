/// What the columns of an incident export mean here; a column that is not named is kept as it is.
enum ServiceNowColumns {
    static let key = "number"
    static let state = ["incident_state", "state"]
    static let updatedBy = ["sys_updated_by"]
    static let updatedAt = ["sys_updated_at", "sys_updated_on"]
    static let modification = "sys_mod_count"
    static let assignee = "assigned_to"
    static let openedAt = ["opened_at", "sys_created_at", "sys_created_on"]
    static let openedBy = ["opened_by", "sys_created_by"]
    static let contact = "contact_type"
    static let resolutionCode = ["closed_code", "close_code"]
    static let resolvedBy = "resolved_by"
    static let resolvedAt = "resolved_at"
    static let resolutionNotes = "close_notes"
    static let notes = ["comments", "work_notes"]

    /// Columns that name related things, and what those are.
    static let references = [
        ("problem_id", "problem"), ("rfc", "change"), ("vendor", "vendor"), ("caused_by", "caused-by"),
        ("parent_incident", "parent"),
    ]

    /// Columns whose values are the fields of a ticket.
    static let fields: [String: TicketField] = [
        "short_description": .title, "description": .description, "caller_id": .reporter, "cmdb_ci": .asset,
        "location": .area, "assignment_group": .queue, "impact": .impact, "urgency": .urgency, "priority": .priority,
        "category": .category, "subcategory": .subcategory, "u_symptom": .symptom,
    ]

    /// Columns that count or repeat what the acts themselves say; their changes are not told twice.
    static let told: Set<String> = Set(state + updatedBy + updatedAt + notes).union([
        key, modification, assignee, "active", "reassignment_count", "reopen_count",
    ])

    static func origin(of contact: String?) -> TicketOrigin {
        switch contact?.lowercased() {
        case "phone": .phone
        case "email": .mail
        case "self-service", "self service", "virtual agent": .portal
        case "walk-in": .hallway
        case "chat": .chat
        case "event", "monitoring": .signal
        default: .imported
        }
    }
}
