public import GembaCausality

/// What the content of a piece says.
public enum BundleSection: Hashable, Sendable {
    /// Whose bundle it is; the first section.
    case preamble(BundlePreamble)
    /// A part of a vector.
    case extent(BundleExtent)
    /// Roster logs.
    case runs([Run])
    /// Data logs, packed as the next ones of a stream.
    case packs([PackedRun])
    /// The last section: how many entries came.
    case end(entries: UInt64)
    /// Something of a later version, encoded.
    case unknown(kind: UInt64, encoded: [UInt8])
}

/// Whose bundle it is.
public struct BundlePreamble: Hashable, Sendable {
    /// The plant.
    public var plant: PlantID
    /// The station that wrote the file, as it says.
    public var writer: StationKey
    /// When, by the writer's wall clock, in milliseconds since 1970; display data.
    public var made: UInt64

    /// Creates a preamble from its parts.
    public init(plant: PlantID, writer: StationKey, made: UInt64) {
        self.plant = plant
        self.writer = writer
        self.made = made
    }
}

/// A part of one of the vectors that say what a bundle has in it.
public struct BundleExtent: Hashable, Sendable {
    /// Which vector.
    public enum Which: UInt64, Sendable, CaseIterable {
        /// The last entries that the bundle leaves out: its reader has to hold them.
        case base = 0
        /// What its writer held.
        case end = 1
        /// What of the base the writer has no bodies of.
        case floors = 2
    }

    /// Which vector.
    public var which: Which
    /// Of which logs.
    public var kind: LogKind
    /// Sorted by replica; never empty, at most ``Limits/extentReferences``.
    public var references: [ChangeReference]

    /// Creates an extent from its parts.
    public init(which: Which, kind: LogKind, references: [ChangeReference]) {
        self.which = which
        self.kind = kind
        self.references = references
    }
}

extension BundleSection: WireCodable {
    private enum Kind: UInt64 {
        case preamble = 0
        case extent = 1
        case runs = 2
        case packs = 3
        case end = 4
    }

    /// Appends the section.
    public func encode(into encoder: inout CBOREncoder) {
        func begin(_ kind: Kind, fields: Int) {
            encoder.array(count: 1 + fields)
            encoder.unsigned(kind.rawValue)
        }
        switch self {
        case .preamble(let preamble):
            begin(.preamble, fields: 3)
            encoder.fixed(preamble.plant)
            encoder.fixed(preamble.writer)
            encoder.unsigned(preamble.made)
        case .extent(let extent):
            begin(.extent, fields: 3)
            encoder.unsigned(extent.which.rawValue)
            encoder.unsigned(UInt64(extent.kind.rawValue))
            encoder.references(extent.references)
        case .runs(let runs):
            begin(.runs, fields: 1)
            encoder.list(runs)
        case .packs(let runs):
            begin(.packs, fields: 1)
            encoder.list(runs)
        case .end(let entries):
            begin(.end, fields: 1)
            encoder.unsigned(entries)
        case .unknown(_, let encoded):
            encoder.raw(encoded)
        }
    }

    /// Reads a section.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        let whole = decoder
        let fields = try decoder.array() - 1
        let number = try decoder.unsigned()
        guard let kind = Kind(rawValue: number) else {
            decoder = whole
            self = .unknown(kind: number, encoded: Array(try decoder.skipItem()))
            return
        }
        guard fields == (kind == .preamble || kind == .extent ? 3 : 1) else {
            throw decoder.failure(.invalid("a section has another number of fields"))
        }
        self =
            switch kind {
            case .preamble:
                .preamble(
                    BundlePreamble(
                        plant: try decoder.fixed(), writer: try decoder.fixed(), made: try decoder.unsigned()))
            case .extent: .extent(try BundleExtent(fieldsFrom: &decoder))
            case .runs: .runs(try decoder.nonEmptyList(of: Run.init(from:)))
            case .packs: .packs(try decoder.nonEmptyList(of: PackedRun.init(from:)))
            case .end: .end(entries: try decoder.unsigned())
            }
    }
}

extension BundleExtent {
    fileprivate init(fieldsFrom decoder: inout CBORDecoder) throws(WireError) {
        guard let which = Which(rawValue: try decoder.unsigned()) else { throw decoder.failure(.outOfRange) }
        let kind = try LogKind(from: &decoder)
        let references = try decoder.references(maximum: Limits.extentReferences)
        guard !references.isEmpty else { throw decoder.failure(.invalid("a list is empty")) }
        self.init(which: which, kind: kind, references: references)
    }
}
