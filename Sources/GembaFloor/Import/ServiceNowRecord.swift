/// One record of an incident export: the incident's fields as they were after one change.
struct ServiceNowRecord {
    let line: Int
    /// What is known, by column; a repeated column has several values.
    let values: [String: [String]]

    init(_ record: CSVRecord, columns: [String]) {
        line = record.line
        var values: [String: [String]] = [:]
        for (column, field) in zip(columns, record.fields) {
            let isKnown = field != "?" && field.contains { !$0.isWhitespace }
            if isKnown { values[column, default: []].append(field) }
        }
        self.values = values
    }

    /// The first known value of a column.
    subscript(column: String) -> String? { values[column]?.first }

    /// The first known value of the first of several columns that has one.
    subscript(columns: [String]) -> String? { columns.lazy.compactMap { self[$0] }.first }

    /// What names the event, as far as the file tells: the same in every export.
    var eventName: [String] {
        [
            self[ServiceNowColumns.modification], self[ServiceNowColumns.updatedAt], self[ServiceNowColumns.updatedBy],
            self[ServiceNowColumns.state],
        ].map { $0 ?? "" }
    }

    /// The ticket's fields.
    var fields: TicketFields {
        var fields = TicketFields()
        for (column, field) in ServiceNowColumns.fields { fields[field] = self[column] }
        if fields[.title] == nil { fields[.title] = title }
        return fields
    }

    /// The known values of the columns that are no fields of a ticket, and the further values of those that are.
    var rest: [String: [String]] {
        var rest = values
        rest[ServiceNowColumns.key] = nil
        for column in ServiceNowColumns.fields.keys {
            rest[column] = values[column].flatMap { $0.count > 1 ? Array($0.dropFirst()) : nil }
        }
        return rest
    }

    /// A line that says what the incident is about, made from what was chosen from lists.
    private var title: String {
        let what = self[["u_symptom", "subcategory", "category"]]
        let place = self[["cmdb_ci", "location"]]
        let parts = [what ?? "Incident \(self[ServiceNowColumns.key] ?? "")", place].compactMap(\.self)
        return String(parts.joined(separator: ", ").prefix(TicketField.longestTitle))
    }

    /// Names of related things, sorted.
    var references: [String] {
        ServiceNowColumns.references.flatMap { column, kind in
            (values[column] ?? []).map { "\(ServiceNowImport.system):\(kind):\($0)" }
        }.sorted()
    }
}
