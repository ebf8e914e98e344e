/// What the sections of a bundle say together. It checks their order, and takes packs apart.
public struct BundleContents: Sendable {
    /// Whose bundle it is; nil before the first section.
    public private(set) var preamble: BundlePreamble?
    /// Between which vectors it lies, as far as that was said.
    public private(set) var extents = BundleExtents()
    /// How many entries came.
    public private(set) var entries: UInt64 = 0
    private var stage = Stage.preamble
    private var context = PackingContext()

    /// What comes last so far. Sections come in this order.
    private enum Stage: Int {
        case preamble, extents, runs, packs, end
    }

    /// Creates the contents of a bundle that begins.
    public init() {}

    /// Whether the last section came.
    public var isComplete: Bool { stage == .end }

    /// Takes the next section in.
    ///
    /// - Returns: the runs that it brought, in order.
    public mutating func receive(_ section: BundleSection) throws(WireError) -> [Run] {
        guard stage != .end else { throw WireError(.trailingBytes, offset: 0) }
        guard preamble != nil else {
            guard case .preamble(let preamble) = section else { throw Self.outOfOrder }
            self.preamble = preamble
            return []
        }
        switch section {
        case .unknown: return []
        case .preamble: throw Self.outOfOrder
        case .extent(let extent):
            try enter(.extents)
            try extents.receive(extent)
            return []
        case .runs(let runs):
            try enter(.runs)
            return counted(runs)
        case .packs(let packs):
            try enter(.packs)
            var runs: [Run] = []
            for pack in packs { runs.append(try pack.unpacked(in: &context)) }
            return counted(runs)
        case .end(let count):
            try enter(.end)
            guard count == entries else {
                throw WireError(.invalid("a bundle has another number of entries than it says"), offset: 0)
            }
            return []
        }
    }

    /// The kind of the logs whose runs came last.
    public var kind: LogKind { stage == .runs ? .roster : .data }

    private mutating func counted(_ runs: [Run]) -> [Run] {
        entries += runs.reduce(0) { $0 + UInt64($1.entries.count) }
        return runs
    }

    private mutating func enter(_ next: Stage) throws(WireError) {
        guard next.rawValue >= stage.rawValue else { throw Self.outOfOrder }
        stage = next
    }

    private static var outOfOrder: WireError { WireError(.invalid("a section out of order"), offset: 0) }
}
