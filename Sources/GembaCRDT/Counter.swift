/// An exact counter: the sum of increments on top of a base.
///
/// "Set to n", as stock-taking needs it, writes a new base in place of those held. An increment names the bases it
/// counts on; one that was made apart from a new base stays listed as stranded instead of being dropped.
///
/// Sums are kept modulo 2^128, so that no sequence of increments can overflow them; a reader sees them saturated to
/// 64 bits.
public struct Counter<Name: Hashable & Comparable & Sendable>: Hashable, Sendable {
    /// A "set to n" that nobody has replaced.
    public struct Base: Hashable, Sendable {
        /// The count that was taken.
        public var value: Int64
        /// The bases it replaced, each with the sum of increments that its author held, sorted by name. What such a
        /// base gained beyond that is stranded: it was counted apart from this stock-taking.
        public var observed: [Observed]

        /// Creates a base.
        @inlinable public init(value: Int64, observed: [Observed]) {
            self.value = value
            self.observed = observed
        }
    }

    /// A base that was replaced, and what was seen of it.
    public struct Observed: Hashable, Sendable {
        /// The replaced base.
        public var name: Name
        /// The sum of its increments that the author held.
        public var sum: Int64

        /// Creates an observation.
        @inlinable public init(name: Name, sum: Int64) {
            self.name = name
            self.sum = sum
        }
    }

    @usableFromInline var standing: DotFunction<Name, Base>
    @usableFromInline var sumByBase: [Name: Int128]
    @usableFromInline var sumWithoutBase: Int128

    /// The bases that nobody has replaced; more than one after counts taken apart.
    @inlinable public var bases: DotFunction<Name, Base> { standing }
    /// The sum of the increments to each base that one ever named. Invariant: no entry is zero.
    @inlinable public var sums: [Name: Int128] { sumByBase }
    /// The sum of increments that knew no base.
    @inlinable public var initialSum: Int128 { sumWithoutBase }

    /// A counter that nobody touched: 0.
    @inlinable public init() {
        standing = DotFunction()
        sumByBase = [:]
        sumWithoutBase = 0
    }

    /// Creates a counter from stored parts.
    @inlinable public init(bases: DotFunction<Name, Base>, sums: [Name: Int128], initialSum: Int128) {
        standing = bases
        sumByBase = sums.filter { $0.value != 0 }
        sumWithoutBase = initialSum
    }

    /// Whether nobody has touched it.
    @inlinable public var isEmpty: Bool { bases.isEmpty && sums.isEmpty && initialSum == 0 }

    /// Applies an increment that knew the bases named; none stands for the initial zero.
    @inlinable public mutating func increment(by delta: Int64, bases named: [Name]) {
        if named.isEmpty { sumWithoutBase &+= Int128(delta) }
        for name in named { add(Int128(delta), to: name) }
    }

    /// Applies a new base in place of those named.
    @inlinable public mutating func set(_ base: Base, as name: Name) {
        standing.write(base, as: name, replacing: base.observed.map { $0.name })
    }

    /// The value of the counter when `base` is shown, or of the initial zero without one.
    @inlinable public func value(over base: Name?) -> Int64 {
        guard let base, let written = bases[base] else { return Int64(clamping: initialSum) }
        return Int64(clamping: Int128(written.value) &+ (sums[base] ?? 0))
    }

    /// Increments to the base named that are held.
    @inlinable public func sum(of base: Name) -> Int128 { sums[base] ?? 0 }

    /// The sum of the increments that a standing base does not include: made to what it replaced, by authors whom its own
    /// author had not heard of.
    ///
    /// - Parameter isInitialZero: whether a name in what a base observed stands for the increments that knew no base.
    @inlinable public func stranded(by base: Name, isInitialZero: (Name) -> Bool) -> Int128 {
        guard let observed = bases[base]?.observed else { return 0 }
        if observed.isEmpty { return initialSum }
        return observed.reduce(0) { total, replaced in
            let held = isInitialZero(replaced.name) ? initialSum : sum(of: replaced.name)
            return total &+ (held &- Int128(replaced.sum))
        }
    }

    @inlinable mutating func add(_ delta: Int128, to name: Name) {
        let sum = (sums[name] ?? 0) &+ delta
        sumByBase[name] = sum == 0 ? nil : sum
    }
}
