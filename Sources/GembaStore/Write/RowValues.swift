import GembaWire

/// What an insertion gives the columns of a table.
struct RowValues {
    /// The values, in whatever order the writer gave them. They are not checked.
    var values: [Value] = []
    /// For each column of the table: where its value stands among them, if it has one.
    var sources: [Int?] = []

    /// Begins a row of a table with so many columns, in the same room.
    mutating func begin(columns count: Int) {
        values.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        for _ in 0..<count { sources.append(nil) }
    }

    /// Gives a column its value.
    mutating func set(_ value: Value, at place: Int) {
        sources[place] = values.count
        values.append(value)
    }

    /// The value of a column, where one is given.
    subscript(place: Int) -> Value? { sources[place].map { values[$0] } }

    /// The value of a column of a group that is written: its default, where none is given.
    func written(at place: Int, in layout: TableLayout) -> Value {
        if let source = sources[place] { values[source] } else { layout.defaults[place] }
    }

    /// Whether one of some columns has a value. The columns of one group are written together.
    func writes(_ places: Range<Int>) -> Bool {
        for place in places where sources[place] != nil { return true }
        return false
    }
}
