import GembaCausality
public import GembaGossip
import GembaWire

/// What comparing rows with a peer came to, for people.
public struct AgreementRecord: Codable, Hashable, Sendable {
    /// Milliseconds since 1970, by this node's wall clock, when all rows were last found to be equal.
    public var equal: UInt64?
    /// The same of when rows were last found to differ.
    public var different: UInt64?
    /// What differed then, at most ``greatestCount`` rows.
    public var rows: [Row] = []
    /// How many rows differed then.
    public var count = 0

    /// A row that differed.
    public struct Row: Codable, Hashable, Sendable {
        /// The number of its table.
        public var table: UInt32
        /// The row's id, in hexadecimal.
        public var row: String
        /// The numbers of the groups that differed; empty when it was the row's presence, or is not known.
        public var groups: [UInt32]
        /// What came of it.
        public var outcome: Outcome
        /// For a row that still differs: its state here, in hexadecimal.
        public var ours: String?
        /// For a row that still differs: its state at the peer.
        public var theirs: String?
    }

    /// What came of a row that differed.
    public enum Outcome: String, Codable, Hashable, Sendable {
        /// It was not what the logs make of it here, and is now.
        case repairedHere
        /// It is what the logs make of it here, and was not at the peer, and is now.
        case repairedThere
        /// Both made it anew from equal logs, and it differs.
        case unexplained
    }

    /// Rows that are kept.
    public static let greatestCount = 32
    /// Bytes of a state that are kept.
    private static let stateBytes = 4 << 10

    /// Nothing compared yet.
    public init() {}

    /// Whether rows differed when last compared, and still do.
    public var isBroken: Bool {
        rows.contains { $0.outcome == .unexplained } && (different ?? 0) > (equal ?? 0)
    }

    mutating func note(_ findings: AgreementFindings, at time: UInt64) {
        let repaired = Dictionary(uniqueKeysWithValues: findings.repaired.map { ($0.key, $0) })
        let unexplained = Dictionary(uniqueKeysWithValues: findings.unexplained.map { ($0.key, $0) })
        different = time
        count = findings.rows.count
        // Those that are broken come first: they are kept in any case.
        let sorted = findings.rows.filter { unexplained[$0] != nil } + findings.rows.filter { unexplained[$0] == nil }
        rows = sorted.prefix(Self.greatestCount).map { key in
            if let difference = unexplained[key] { return Row(difference, .unexplained) }
            if let difference = repaired[key] { return Row(difference, .repairedHere) }
            return Row(RowDifference(key: key, ours: [], other: []), .repairedThere)
        }
    }

    /// Notes rows that were made anew here because a peer asked.
    mutating func note(repaired: [RowDifference], at time: UInt64) {
        different = time
        count = repaired.count
        rows = repaired.prefix(Self.greatestCount).map { Row($0, .repairedHere) }
    }

    fileprivate static func text(_ state: [UInt8]) -> String { Hexadecimal.encode(state.prefix(stateBytes)) }
}

/// What comparing rows with a peer came to, in a word.
public enum ComparisonOutcome: String, Hashable, Sendable {
    /// All rows are equal.
    case equal
    /// Some were not.
    case different
    /// It could not be found out.
    case unknown
}

extension AgreementVerdict {
    /// What the comparison came to.
    public var outcome: ComparisonOutcome {
        switch self {
        case .equal: .equal
        case .different: .different
        case .unknown: .unknown
        }
    }

    /// The rows that differed, if any did.
    public var record: AgreementRecord {
        var record = AgreementRecord()
        if case .different(let findings) = self { record.note(findings, at: 1) }
        return record
    }
}

extension AgreementRecord.Row {
    fileprivate init(_ difference: RowDifference, _ outcome: AgreementRecord.Outcome) {
        self.init(
            table: difference.key.table.rawValue, row: "\(difference.key.row)",
            groups: difference.groups.map(\.rawValue), outcome: outcome,
            ours: outcome == .unexplained ? AgreementRecord.text(difference.ours) : nil,
            theirs: outcome == .unexplained ? AgreementRecord.text(difference.other) : nil)
    }
}
