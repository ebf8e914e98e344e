import GembaSimulation

extension SeededGenerator {
    /// True once in `count` times on average.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }

    /// Up to `maximum` elements.
    mutating func list<Element>(upTo maximum: Int, _ element: (inout SeededGenerator) -> Element) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<below(maximum + 1) { elements.append(element(&self)) }
        return elements
    }
}
