/// What a bundle says of its content: between which vectors it lies.
public struct BundleExtents: Hashable, Sendable {
    /// For each data log the last entry that is left out, sorted by replica; who holds these can take everything.
    public var base: [ChangeReference] = []
    /// The data logs that the writer held, sorted by replica.
    public var end: [ChangeReference] = []
    /// The roster logs that the writer held, sorted by replica.
    public var rosterEnd: [ChangeReference] = []
    /// Those entries of the base that the writer left out because it has no bodies up to there.
    public var floors: [ChangeReference] = []

    /// Creates extents of nothing.
    public init() {}

    private typealias Place = (
        which: BundleExtent.Which, kind: LogKind, path: WritableKeyPath<Self, [ChangeReference]>
    )

    /// The vectors, in the order of the format.
    private static var places: [Place] {
        [(.base, .data, \.base), (.end, .data, \.end), (.end, .roster, \.rosterEnd), (.floors, .data, \.floors)]
    }

    /// The vectors as sections, in the order of the format.
    public var sections: [BundleSection] {
        Self.places.flatMap { which, kind, path in
            let references = self[keyPath: path]
            return stride(from: 0, to: references.count, by: Limits.extentReferences).map { start in
                let part = references[start..<min(start + Limits.extentReferences, references.count)]
                return BundleSection.extent(BundleExtent(which: which, kind: kind, references: Array(part)))
            }
        }
    }

    /// Takes the next extent of a bundle in.
    mutating func receive(_ extent: BundleExtent) throws(WireError) {
        guard let index = Self.places.firstIndex(where: { $0.which == extent.which && $0.kind == extent.kind }) else {
            throw WireError(.invalid("an extent of logs that have none"), offset: 0)
        }
        let path = Self.places[index].path
        guard Self.places[(index + 1)...].allSatisfy({ self[keyPath: $0.path].isEmpty }) else {
            throw WireError(.invalid("an extent out of order"), offset: 0)
        }
        self[keyPath: path] += extent.references
        guard self[keyPath: path].count <= Limits.bundleReferences else { throw WireError(.tooLong, offset: 0) }
        guard self[keyPath: path].isStrictlyAscending(by: \.replica) else {
            throw WireError(.invalid("references are not sorted by replica, one for each"), offset: 0)
        }
    }
}
