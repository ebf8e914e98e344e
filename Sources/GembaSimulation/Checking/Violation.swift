/// Something that must never be, found by a checker.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was broken.
    public enum Rule: String, Hashable, Sendable, CaseIterable {
        /// One name stands for two contents (G8).
        case identity
        /// Something is held or shown before what its author had seen (G3).
        case causality
        /// A change is visible in part (G2).
        case atomicity
        /// Something that was held is not any more (G1).
        case durability
        /// An acknowledged write can be found nowhere (G7).
        case ledger
        /// Equal sets of changes do not make equal states (G4).
        case convergence
        /// The state is not the one that the rules give.
        case model
        /// After the faults ended, nodes did not come to hold the same (G5).
        case liveness
        /// Something was sent that a restored database could forget (L9).
        case exposure
        /// Replicas said of their rows what is not so, or had to make rows anew (G22).
        case agreement
        /// What is held of a former member is not what counts (D5), or it can read what was written after its removal (G13).
        case removal
        /// An honest node was accused, or an operation failed that must not.
        case conduct
    }

    /// What was broken.
    public var rule: Rule
    /// The node where it showed, if at one.
    public var node: String?
    /// What was seen.
    public var finding: String

    /// Creates a finding.
    public init(_ rule: Rule, at node: String? = nil, _ finding: String) {
        self.rule = rule
        self.node = node
        self.finding = finding
    }

    /// The rule, the node and the finding.
    public var description: String { "\(rule.rawValue)\(node.map { " at \($0)" } ?? ""): \(finding)" }
}
