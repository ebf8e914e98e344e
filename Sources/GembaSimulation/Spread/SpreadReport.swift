/// What a run of a ``SpreadSimulation`` measured. Counts are those of the second half of the time in which changes are
/// written, and after.
public struct SpreadReport: Sendable, CustomStringConvertible {
    /// What was run.
    public let options: SpreadOptions
    /// Changes written, from the beginning.
    public internal(set) var changes = 0
    /// Entries that came to a node, over whichever link and however often.
    public internal(set) var received = 0
    /// Entries that a node stored.
    public internal(set) var stored = 0
    /// Entries that could not be stored when they came, for want of what they depend on.
    public internal(set) var leftOut = 0
    /// Rounds of comparison of data.
    public internal(set) var rounds = 0
    /// Bytes of frames by what they are for, sent by all nodes.
    public internal(set) var bytes: [Purpose: Int] = [:]
    /// The mean and the greatest number of links that a change passed.
    public internal(set) var hops = (mean: 0.0, greatest: 0)
    /// How long changes took to the last node, in milliseconds: of half of them not longer, of all of them not longer.
    public internal(set) var spreadTime = (median: 0, greatest: 0)
    /// Changes that some node did not get, of those that it should have.
    public internal(set) var missing = 0

    /// What a frame is for.
    public enum Purpose: String, Sendable, CaseIterable {
        case entries, acks, announcements, tree, rest
    }

    /// How often an entry came for each time that it was stored; 1 is what cannot be undercut.
    public var deliveries: Double { stored == 0 ? 0 : Double(received) / Double(stored) }

    /// The heads of the columns of ``description``.
    public static let heading =
        "seed nodes loss trouble changes | copies hops(max) median last | bytes a change and node: "
        + Purpose.allCases.map(\.rawValue).joined(separator: "+") + " | left out, rounds, missing"

    /// One line of a table.
    public var description: String {
        let each = Purpose.allCases.map { purpose in
            "\(stored == 0 ? 0 : (bytes[purpose] ?? 0) / stored)"
        }.joined(separator: "+")
        return """
            \(options.seed) \(options.nodes)\(options.isFlooding ? " flooding" : "") \
            \(Int((options.loss * 100).rounded()))% \(options.trouble) \(changes) | \
            \(Self.rounded(deliveries)) \(Self.rounded(hops.mean))(\(hops.greatest)) \
            \(spreadTime.median) ms \(spreadTime.greatest) ms | \(each) | \(leftOut), \(rounds), \(missing)
            """
    }

    private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    init(_ options: SpreadOptions) { self.options = options }
}
