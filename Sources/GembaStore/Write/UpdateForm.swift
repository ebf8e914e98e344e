/// The columns that an update writes, looked up once for many rows.
struct UpdateForm {
    let layout: TableLayout
    /// Where the columns stand among all of the table, in ascending order.
    let places: [Int]
    /// The indexes of the groups that the columns make up, when those are whole registers.
    let registers: [Int]?

    init(of places: [Int], in layout: TableLayout) {
        self.layout = layout
        self.places = places
        registers = Self.registers(of: places, in: layout)
    }

    private static func registers(of places: [Int], in layout: TableLayout) -> [Int]? {
        var registers: [Int] = []
        var rest = places[...]
        while let first = rest.first {
            let group = layout.groupOfColumn[first]
            let whole = layout.ranges[group]
            guard layout.groups[group].merge == .register, rest.starts(with: whole) else { return nil }
            registers.append(group)
            rest = rest.dropFirst(whole.count)
        }
        return registers
    }
}
