internal import GembaCausality

/// What both ends of a stream remember of the packs that it brought, so that later ones need not repeat it.
///
/// It is a dynamic table as in HPACK (RFC 7541, section 2.3.2), without eviction: a stream names few logs and epochs. Both
/// ends hold the same, because a receiver takes the packs of a round in order and without a gap, or not at all.
public struct PackingContext: Hashable, Sendable {
    /// Names in the order in which they came, at most ``Limits/packedNames``.
    private var names: [UInt128] = []
    /// Where each name stands. Invariant: `names[places[x]] == x`.
    private var places: [UInt128: Int] = [:]
    /// The form of the entry that came last.
    var form = PackedForm()

    /// Creates the context of a stream that begins.
    public init() {}

    /// The shortest way to write a name, which is remembered for the next time.
    mutating func shorten(_ name: some SixteenBytes) -> PackedName {
        if let place = places[name.rawValue] { return .known(UInt64(place)) }
        remember(name.rawValue)
        return .new(name.rawValue)
    }

    /// The name that was written; nil when there is none at its place.
    mutating func resolve<Name: SixteenBytes>(_ name: PackedName, as _: Name.Type = Name.self) -> Name? {
        switch name {
        case .known(let place):
            return place < UInt64(names.count) ? Name(rawValue: names[Int(place)]) : nil
        case .new(let value):
            remember(value)
            return Name(rawValue: value)
        }
    }

    private mutating func remember(_ name: UInt128) {
        guard names.count < Limits.packedNames else { return }
        places[name] = places[name] ?? names.count
        names.append(name)
    }
}

/// The name of a log or an epoch inside a pack.
public enum PackedName: Hashable, Sendable {
    /// The place of a name that the stream brought before.
    case known(UInt64)
    /// The name itself.
    case new(UInt128)
}

/// What consecutive entries have in common: the epoch under which they are sealed, and the coding of their bodies.
struct PackedForm: Hashable, Sendable {
    var epoch: EpochID?
    var coding = BodyCoding.identity
}
