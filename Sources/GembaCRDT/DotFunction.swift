/// The writes to one place that nobody has replaced: a map from dots to what they wrote.
///
/// A write names the dots that it replaces. One entry means that the place is settled, several that people wrote apart.
/// Every merge kind but a plain sum is built on this type.
///
/// It is the store DotFun of Almeida, Shoker, Baquero, "Delta State Replicated Data Types" (JPDC 2018), section 6.1.
/// Operations replace by name instead of by causal context, so that a writer who had seen two values may settle only
/// the one it means. Operations must arrive in causal order; then a write never comes after its replacement.
///
/// `Name` is a dot, or a database's short form of one. Cost is linear in the number of entries, which is one in the
/// ordinary case.
public struct DotFunction<Name: Hashable & Comparable & Sendable, Payload: Hashable & Sendable>: Hashable, Sendable {
    /// One write that stands.
    public struct Write: Hashable, Sendable {
        /// The dot of the change that wrote.
        public var name: Name
        /// What it wrote.
        public var payload: Payload

        /// Creates a write.
        @inlinable public init(name: Name, payload: Payload) {
            self.name = name
            self.payload = payload
        }
    }

    /// Invariant: sorted by name, each name once.
    @usableFromInline var sorted: [Write]

    /// The writes, sorted by name.
    @inlinable public var writes: [Write] { sorted }

    /// A place that nobody wrote.
    @inlinable public init() { sorted = [] }

    /// A settled place.
    @inlinable public init(name: Name, payload: Payload) { sorted = [Write(name: name, payload: payload)] }

    /// Creates a state from stored writes in any order.
    @inlinable public init(writes: [Write]) { sorted = writes.sorted { $0.name < $1.name } }

    /// Whether no write stands.
    @inlinable public var isEmpty: Bool { writes.isEmpty }

    /// The names of all writes, sorted: what a writer who has seen everything replaces.
    @inlinable public var names: [Name] { writes.map { $0.name } }

    /// What the write with a name wrote; nil when it does not stand.
    @inlinable public subscript(name: Name) -> Payload? { writes.first { $0.name == name }?.payload }

    /// Applies a write in place of those named; names that are already replaced have no effect.
    @inlinable public mutating func write(_ payload: Payload, as name: Name, replacing replaced: [Name]) {
        remove(replaced)
        let index = sorted.firstIndex { $0.name >= name } ?? sorted.endIndex
        if index < sorted.endIndex, sorted[index].name == name {
            sorted[index].payload = payload
        } else {
            sorted.insert(Write(name: name, payload: payload), at: index)
        }
    }

    /// Takes back the writes named.
    @inlinable public mutating func remove(_ replaced: [Name]) {
        guard !replaced.isEmpty else { return }
        sorted.removeAll { replaced.contains($0.name) }
    }

    /// Joins two states: a write survives when both hold it, or when one holds it and the other has never seen it.
    ///
    /// - Parameters:
    ///   - seenHere: whether the changes behind this state contain a dot.
    ///   - seenThere: whether the changes behind `other` contain a dot.
    @inlinable public mutating func merge(_ other: Self, seenHere: (Name) -> Bool, seenThere: (Name) -> Bool) {
        let kept = writes.filter { other[$0.name] != nil || !seenThere($0.name) }
        let gained = other.writes.filter { self[$0.name] == nil && !seenHere($0.name) }
        self = Self(writes: kept + gained)
    }
}
