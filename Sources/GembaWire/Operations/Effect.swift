public import GembaCausality

/// What a row operation does to one group.
public struct Effect: Hashable, Sendable {
    /// The group.
    public var group: GroupID
    /// What is done.
    public var content: Content

    /// Creates an effect from its parts.
    public init(group: GroupID, content: Content) {
        self.group = group
        self.content = content
    }

    /// What can be done to a group.
    ///
    /// In an insert, every list of dots is empty and elements are only added.
    public enum Content: Hashable, Sendable {
        /// Writes a register, in place of the writes named: values in the group's frozen member order.
        case register(replaces: [Dot], values: [Value])
        /// Adds and removes elements of a set, sorted by encoded element, each at most once.
        case set([ElementOperation])
        /// Adds to a counter: not 0, and at most ``greatestIncrement`` either way.
        ///
        /// `bases` are the base writes held; empty stands for the initial zero.
        case increment(bases: [Dot], delta: Int64)
        /// Sets a counter, in place of the bases named with the sum that each had.
        ///
        /// Number 0 of the author's own log, alone in the list, stands for the initial zero and the increments to it.
        case base(replaces: [ObservedBase], value: Int64)
        /// Writes an immutable fact; valid only in an insert.
        case fact(values: [Value])
        /// Inserts and deletes characters of a text.
        case text(TextEffect)
        /// Takes the merge state of a deleted row: alone in its operation, which is a delete, and with group 0.
        case drop
        /// An effect of a kind that this version does not know: kept as its encoded bytes and deferred.
        case unknown(kind: UInt64, encoded: [UInt8])
    }

    /// What is done to one element of a set.
    public struct ElementOperation: Hashable, Sendable {
        /// The element.
        public var element: Value
        /// Whether it is added or removed.
        public var adds: Bool
        /// The dots of the element that the author held; an add makes a fresh one in their place.
        public var saw: [Dot]

        /// Creates an operation from its parts.
        public init(element: Value, adds: Bool, saw: [Dot]) {
            self.element = element
            self.adds = adds
            self.saw = saw
        }
    }

    /// A counter's base as the author saw it.
    public struct ObservedBase: Hashable, Sendable {
        /// The write that made it.
        public var dot: Dot
        /// The sum of the increments to this base that the author held.
        public var sum: Int64

        /// Creates an observation from its parts.
        public init(dot: Dot, sum: Int64) {
            self.dot = dot
            self.sum = sum
        }
    }
}
