/// The numbers of the kinds of effect that this version knows.
enum EffectKind: UInt64 {
    case register = 0
    case set = 1
    case increment = 2
    case base = 3
    case fact = 4
    case text = 5
    case drop = 6
}

extension Effect {
    /// The greatest magnitude of one increment: sums of any realistic number of them stay within 128 bits, and a
    /// program whose numbers are doubles reads it exactly.
    public static let greatestIncrement: Int64 = 1 << 53

    /// The number that stands in a drop where other effects have their group.
    public static let dropGroup: GroupID = 0

    /// How a drop stands in every change.
    package static let encodedDrop: [UInt8] = [0x82, 0x00, UInt8(EffectKind.drop.rawValue)]

    /// Whether an increment of this size is valid.
    static func isValidIncrement(_ delta: Int64) -> Bool {
        delta != 0 && delta.magnitude <= greatestIncrement.magnitude
    }
}

extension Effect.Content {
    /// Whether the effect adds something and names no earlier write, as all effects on a new row do.
    var isFresh: Bool {
        switch self {
        case .register(let replaces, _): replaces.isEmpty
        case .set(let elements): elements.allSatisfy { $0.adds && $0.saw.isEmpty }
        case .increment(let bases, _): bases.isEmpty
        case .base(let replaces, _): replaces.isEmpty
        case .text(let text): text.deletions.isEmpty && text.insertions.allSatisfy { $0.parent == .beginning }
        case .fact, .unknown: true
        case .drop: false
        }
    }
}

extension Effect.ElementOperation {
    /// The numbers of what can happen to an element.
    enum Verb: UInt64 {
        case remove = 0
        case add = 1
    }
}
