/// A set in which an addition wins over a removal that did not know it.
///
/// Every addition makes a fresh dot in place of the element's dots that its author held, and a removal names the dots
/// that it takes back. An addition of an element that is already present is never skipped: skipping it would lose the
/// element to a concurrent removal.
///
/// Source: Bieniusa et al., "An Optimized Conflict-free Replicated Set" (INRIA RR-8083, 2012), section 3, with removal
/// by name.
public struct ObservedRemoveSet<Name: Hashable & Comparable & Sendable, Element: Hashable & Sendable>: Hashable,
    Sendable
{
    /// The additions of one element that stand.
    public typealias Dots = DotFunction<Name, Nothing>

    /// Invariant: an element is listed only while at least one addition of it stands.
    @usableFromInline var dotsByElement: [Element: Dots]

    /// The elements that are present, with their additions.
    @inlinable public var elements: [Element: Dots] { dotsByElement }

    /// An empty set.
    @inlinable public init() { dotsByElement = [:] }

    /// Creates a set from stored dots.
    @inlinable public init(elements: [Element: [Name]]) {
        dotsByElement = elements.mapValues { names in
            Dots(writes: names.map { Dots.Write(name: $0, payload: Nothing()) })
        }
    }

    /// Whether no element is present.
    @inlinable public var isEmpty: Bool { elements.isEmpty }

    /// Whether an addition of the element stands.
    @inlinable public func contains(_ element: Element) -> Bool { elements[element] != nil }

    /// The dots of an element, sorted; empty when it is absent.
    @inlinable public func names(of element: Element) -> [Name] { elements[element]?.names ?? [] }

    /// Applies an addition in place of those that its author had seen.
    @inlinable public mutating func add(_ element: Element, as name: Name, replacing seen: [Name]) {
        dotsByElement[element, default: Dots()].write(Nothing(), as: name, replacing: seen)
    }

    /// Applies a removal of the additions that its author had seen.
    @inlinable public mutating func remove(_ element: Element, seen: [Name]) {
        guard var dots = elements[element] else { return }
        dots.remove(seen)
        dotsByElement[element] = dots.isEmpty ? nil : dots
    }

    /// Joins two states; see ``DotFunction/merge(_:seenHere:seenThere:)``.
    @inlinable public mutating func merge(_ other: Self, seenHere: (Name) -> Bool, seenThere: (Name) -> Bool) {
        for element in Set(elements.keys).union(other.elements.keys) {
            var dots = elements[element] ?? Dots()
            dots.merge(other.elements[element] ?? Dots(), seenHere: seenHere, seenThere: seenThere)
            dotsByElement[element] = dots.isEmpty ? nil : dots
        }
    }
}

/// The payload of a dot that says nothing but that it is there.
public struct Nothing: Hashable, Sendable {
    /// The only value.
    @inlinable public init() {}
}
