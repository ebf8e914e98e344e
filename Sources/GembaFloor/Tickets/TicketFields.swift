/// A field of a ticket that people may change, named as the table's column.
public enum TicketField: String, Sendable, CaseIterable, Codable {
    /// What is wrong, in one line.
    case title
    /// What is wrong, as it was told.
    case description
    /// The machine or device.
    case asset
    /// The part of the plant.
    case area
    /// Who told of it; may be free text, such as “night shift, press 4”.
    case reporter
    /// What is wrong, put by a liaison so that both departments understand it.
    case restatement
    /// How much is at stake.
    case impact
    /// How soon it bites.
    case urgency
    /// The level that follows.
    case priority
    /// What kind of thing it is about.
    case category
    /// A finer kind.
    case subcategory
    /// What is seen.
    case symptom
    /// The team in whose queue it is.
    case queue

    /// The fields that are written together, because one of them alone would mean something that nobody said: this one
    /// and those that go with it.
    public var group: [TicketField] {
        switch self {
        case .asset, .area: [.asset, .area]
        case .impact, .urgency, .priority: [.impact, .urgency, .priority]
        case .category, .subcategory, .symptom: [.category, .subcategory, .symptom]
        case .title, .description, .reporter, .restatement, .queue: [self]
        }
    }

    /// Each group once.
    public static let groups: [[TicketField]] = allCases.filter { $0.group.first == $0 }.map(\.group)

    /// The greatest length of a title in characters: a line on the board.
    public static let longestTitle = 120
}

/// The known fields of a ticket.
public struct TicketFields: Hashable, Sendable {
    private var values: [TicketField: String]

    /// Creates fields of which only those given are known.
    public init(_ values: [TicketField: String] = [:]) { self.values = values.filter { !$0.value.isEmpty } }

    /// A field's value, or nil when it is not known; an empty value is none.
    public subscript(field: TicketField) -> String? {
        get { values[field] }
        set { values[field] = newValue.flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// The values of several fields, in their order.
    func values(of fields: [TicketField]) -> [String?] { fields.map { values[$0] } }
}

extension TicketFields {
    /// The fields as a JSON object (RFC 8259) with sorted names, so that equal fields are equal bytes.
    var json: String {
        SortedJSON.object(Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, [$0.value]) }))
    }

    /// Reads what ``json`` wrote; names that this version does not know are left out.
    init(json: String) {
        let object = SortedJSON.read(json)
        self.init(
            Dictionary(
                uniqueKeysWithValues: object.compactMap { name, texts in
                    TicketField(rawValue: name).flatMap { field in texts.first.map { (field, $0) } }
                }))
    }
}
