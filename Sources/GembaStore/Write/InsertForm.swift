import GembaCausality
import GembaWire

/// The columns that an insertion writes, looked up once for many rows.
struct InsertForm {
    /// A column of a group that is written.
    struct Written {
        /// Where it stands among all of the table.
        var place: Int
        /// Where its value stands among those that are given; without one, its default is written.
        var source: Int?
        /// In `prefixes`: what stands before its value in the change, which is the beginning of a write or nothing.
        var prefix: Range<Int>
    }

    let layout: TableLayout
    /// Where the columns stand among all of the table for which values are given, in the order of those.
    let places: [Int]
    /// The columns of all groups that are written, in the order of the table.
    let written: [Written]
    let prefixes: [UInt8]
    /// The columns of the other groups.
    let unwritten: [Int]
    /// The groups that are written, in ascending order.
    let groups: [GroupID]
    /// What the groups are; nil when they are of several kinds, or text.
    let family: MergeFamily?
    /// The most bytes of an insertion, beside the values that are given.
    let greatestRest: Int

    init(of places: [Int], in layout: TableLayout) {
        self.layout = layout
        self.places = places
        let isFact = layout.table.holdsFacts
        var written: [Written] = []
        var prefixes: [UInt8] = []
        var unwritten: [Int] = []
        var groups: [GroupID] = []
        for (id, columns) in layout.places {
            guard columns.contains(where: places.contains) else {
                unwritten += columns
                continue
            }
            groups.append(id)
            var start = prefixes.count
            prefixes += CBOREncoder.firstWrite(to: id, isFact: isFact, values: columns.count)
            for place in columns {
                written.append(
                    Written(place: place, source: places.firstIndex(of: place), prefix: start..<prefixes.count))
                start = prefixes.count
            }
        }
        let hasText = layout.textPlaces.contains { places.contains($0) }
        family = layout.mixesFacts || hasText ? nil : isFact ? .fact : .register
        (self.written, self.prefixes, self.unwritten, self.groups) = (written, prefixes, unwritten, groups)
        greatestRest = written.reduce(CBORWriter.greatestInsertionHead + prefixes.count) { sum, column in
            sum + (column.source == nil ? layout.defaults[column.place].greatestEncodedCount : 0)
        }
    }
}
