/// Ways to damage bytes without knowing what they mean.
enum ByteMutation: CaseIterable {
    case flipBits
    case setByte
    case remove
    case insert
    case repeatRange
    case swapRanges
    case truncate
    case extend
    case splice

    /// Applies the damage at a place drawn by chance.
    ///
    /// - Parameter other: another encoding, of which a piece may get in.
    func apply(to bytes: inout [UInt8], other: [UInt8], using random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        switch self {
        case .flipBits:
            for _ in 0..<random.number(in: 1...3) { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
        case .setByte:
            bytes[random.below(bytes.count)] = [0, 1, 0x7F, 0x80, 0xFF, 0x1B, 0x9B].randomElement(using: &random) ?? 0
        case .remove: bytes.removeSubrange(Self.range(in: bytes, &random))
        case .insert: bytes.insert(contentsOf: random.bytes(random.number(in: 1...8)), at: random.below(bytes.count))
        case .repeatRange:
            let range = Self.range(in: bytes, &random)
            bytes.insert(contentsOf: Array(bytes[range]), at: range.upperBound)
        case .swapRanges:
            let (first, second) = (Self.range(in: bytes, &random), Self.range(in: bytes, &random))
            guard first.upperBound <= second.lowerBound else { return bytes.reverse() }
            let tail = Array(bytes[first])
            bytes.replaceSubrange(first, with: Array(bytes[second]))
            let shift = second.count - first.count
            bytes.replaceSubrange(second.lowerBound + shift..<second.upperBound + shift, with: tail)
        case .truncate: bytes.removeLast(random.number(in: 1...bytes.count))
        case .extend: bytes += random.bytes(random.number(in: 1...16))
        case .splice:
            let range = Self.range(in: bytes, &random)
            bytes.replaceSubrange(range, with: other.isEmpty ? [] : Array(other[Self.range(in: other, &random)]))
        }
    }

    private static func range(in bytes: [UInt8], _ random: inout SeededGenerator) -> Range<Int> {
        let start = random.below(bytes.count)
        return start..<min(bytes.count, start + random.number(in: 1...min(64, bytes.count)))
    }
}
