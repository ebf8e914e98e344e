/// A generator whose whole state is its seed, so that a failing case replays from one number.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014), figure 16.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number below `bound`.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// True once in `count` times on average.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }

    /// Uniform bytes.
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    /// Up to `maximum` elements.
    mutating func list<Element>(upTo maximum: Int, _ element: (inout SplitMix64) -> Element) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<below(maximum + 1) { elements.append(element(&self)) }
        return elements
    }
}
