import GembaCausality
public import GembaWire

/// A replicated table together with the properties of the Swift type whose instances are its rows.
public struct Declaration<Record: Replicated>: Sendable {
    /// The table, for the ``Schema``.
    public let table: Table
    /// For each column, in the order of layouts: what a row has there. Nil where values are not written whole.
    let readers: [PropertyReader?]
    /// Where the columns of each register and each fact stand that has properties.
    let registers: [Range<Int>]
    /// The texts, each with the place of its column.
    let texts: [(group: Group, place: Int)]
    /// The sets and counters.
    let collections: [Part]
    /// All columns that have properties.
    let fields: [Field]
    /// `id` and the names of `fields`.
    let columnNames: [String]
    /// The same for SQL.
    let selection: String

    /// Declares a table.
    ///
    /// - Parameters:
    ///   - id: stable for ever; the name is local.
    ///   - parts: the groups with their properties, whose numbers and members are frozen for ever.
    ///   - indexes: column lists of ordinary SQL indexes.
    ///   - searchable: columns of texts in which a search looks, the most telling first.
    public init(
        _ id: TableID, _ name: String, _ parts: [Part], indexes: [[String]] = [], searchable: [String] = []
    ) {
        table = Table(id, name, groups: parts.map(\.group), indexes: indexes, searchable: searchable)
        let parts = parts.sorted { $0.group.id < $1.group.id }
        fields = parts.flatMap(\.fields)
        collections = parts.filter(\.isCollection)
        var (readers, registers, texts) = ([PropertyReader?](), [Range<Int>](), [(Group, Int)]())
        for part in parts {
            let places = readers.count..<readers.count + part.group.columns.count
            guard !part.isCollection, !part.fields.isEmpty else {
                readers += places.map { _ in nil }
                continue
            }
            readers += part.fields.map(\.reader)
            if part.group.merge == .text {
                texts.append((part.group, places.lowerBound))
            } else {
                registers.append(places)
            }
        }
        (self.readers, self.registers, self.texts) = (readers, registers, texts)
        columnNames = ["id"] + fields.map(\.name)
        selection = columnNames.map(SQL.quoted).joined(separator: ", ")
    }

    /// The column of a property.
    func column(of property: PartialKeyPath<Record>) -> String {
        if let field = fields.first(where: { $0.property == property }) { return field.name }
        // The key path of a type's own `id` is not that of the requirement: only what it leads to tells.
        var probe = Record()
        probe.id = RowID(rawValue: .max)
        precondition(
            probe[keyPath: property] as? RowID == probe.id,
            "\(property) is not declared as a column of table \(table.name)")
        return "id"
    }

    /// A column with its property.
    public struct Field: Sendable {
        let name: String
        let property: any PartialKeyPath<Record> & Sendable
        let column: Column
        /// Reads what the column gets; nil where values are not written whole.
        let reader: PropertyReader?
        /// Sets the property, unless it has no such value.
        let take: @Sendable (Value, inout Record) -> Void

        private init<Property: ColumnValue>(
            _ name: String, _ property: any WritableKeyPath<Record, Property> & Sendable, _ column: Column
        ) {
            (self.name, self.property, self.column) = (name, property, column)
            reader = PropertyReader(property)
            take = { value, record in
                if let value = Property(columnValue: value) { record[keyPath: property] = value }
            }
        }

        /// A column of a group that has several.
        ///
        /// - Parameters:
        ///   - earlierKinds: what the column took in earlier versions of the program.
        ///   - defaultValue: what other readers see where nobody has written.
        public static func column<Property: ColumnValue>(
            _ name: String, _ property: any WritableKeyPath<Record, Property> & Sendable,
            widenedFrom earlierKinds: Set<Column.Kind> = [], default defaultValue: Value = .null
        ) -> Field {
            var column = Column(name, Property.columnKind, default: defaultValue)
            column.earlierKinds = earlierKinds
            return Field(name, property, column)
        }

        fileprivate init(
            _ name: String, property: any PartialKeyPath<Record> & Sendable,
            take: @escaping @Sendable (Value, inout Record) -> Void
        ) {
            (self.name, self.property, column) = (name, property, .any(name))
            reader = nil
            self.take = take
        }
    }

    /// A group with its properties.
    public struct Part: Sendable {
        enum Content: Sendable {
            case columns
            case elements(@Sendable (Record) -> Set<Value>)
            case count(@Sendable (Record) -> Int64)
        }

        let group: Group
        let fields: [Field]
        let content: Content

        /// Whether it is a set or a counter.
        var isCollection: Bool {
            if case .columns = content { false } else { true }
        }

        /// A register of one column.
        public static func register<Property: ColumnValue>(
            _ id: GroupID, _ name: String, _ property: any WritableKeyPath<Record, Property> & Sendable,
            shows rule: ShownRule = .latest
        ) -> Part {
            register(id, [.column(name, property)], shows: rule)
        }

        /// A register of several columns that are always written together.
        public static func register(_ id: GroupID, _ fields: [Field], shows rule: ShownRule = .latest) -> Part {
            Part(group: .register(id, fields.map(\.column), shows: rule), fields: fields, content: .columns)
        }

        /// Columns that are written with the row and never again.
        public static func fact(_ id: GroupID, _ fields: [Field], shows rule: ShownRule = .latest) -> Part {
            Part(group: .fact(id, fields.map(\.column), shows: rule), fields: fields, content: .columns)
        }

        /// A set. What is put into the property is added, what is taken out is removed.
        public static func set<Element: ColumnValue>(
            _ id: GroupID, _ name: String, _ property: any WritableKeyPath<Record, Set<Element>> & Sendable
        ) -> Part {
            let field = Field(name, property: property) { value, record in
                guard case .text(let text) = value else { return }
                record[keyPath: property] = Set(JSON.elements(of: text).compactMap(Element.init(columnValue:)))
            }
            return Part(
                group: .set(id, name), fields: [field],
                content: .elements { Set($0[keyPath: property].map(\.columnValue)) })
        }

        /// A counter. What is added to the property is counted up, what is subtracted is counted down.
        public static func counter(
            _ id: GroupID, _ name: String, _ property: any WritableKeyPath<Record, Int> & Sendable,
            shows rule: ShownRule = .latest
        ) -> Part {
            let field = Field(name, property: property) { value, record in
                if let count = Int(columnValue: value) { record[keyPath: property] = count }
            }
            return Part(
                group: .counter(id, name, shows: rule), fields: [field],
                content: .count { Int64($0[keyPath: property]) })
        }

        /// A text that several people edit at once. What differs between two states of the property is edited, by words.
        public static func text(
            _ id: GroupID, _ name: String, _ property: any WritableKeyPath<Record, String> & Sendable
        ) -> Part {
            Part(group: .text(id, name), fields: [.column(name, property)], content: .columns)
        }

        /// A group that the type has no properties for, such as a hidden one.
        public static func other(_ group: Group) -> Part { Part(group: group, fields: [], content: .columns) }
    }
}

/// Reads what a column gets from a record that lies in memory.
///
/// Many records are written by one change. Of no generic type, readers are gone through without the runtime being asked for
/// one; and a property that is stored is read from its place, in a tenth of the time that its key path takes.
struct PropertyReader: Sendable {
    private let read: @Sendable (UnsafeRawPointer) -> Value

    init<Record, Property: ColumnValue>(_ property: any WritableKeyPath<Record, Property> & Sendable) {
        if let offset = MemoryLayout<Record>.offset(of: property) {
            read = { $0.load(fromByteOffset: offset, as: Property.self).columnValue }
        } else {
            read = { $0.assumingMemoryBound(to: Record.self).pointee[keyPath: property].columnValue }
        }
    }

    /// What the column gets; nil leaves it unwritten.
    ///
    /// - Parameter record: where a record of the type lies whose property it is.
    func value(in record: UnsafeRawPointer) -> Value? {
        let value = read(record)
        if case .null = value { return nil }
        return value
    }
}
