internal import GembaWire

extension VectorMessage {
    /// The encoded size at which a message is full. One part never exceeds 52 KiB (a greatest difference), so every
    /// message stays far below ``Limits/frameBytes``.
    private static let fullBytes = 128 << 10

    /// Messages that carry the parts, in order, none too long for a frame.
    static func messages(kind: LogKind, round: UInt64, parts: [PrefixedPart]) -> [VectorMessage] {
        var messages: [VectorMessage] = []
        var size = 0
        for part in parts {
            if messages.isEmpty || size >= fullBytes {
                messages.append(VectorMessage(kind: kind, round: round, parts: []))
                size = 0
            }
            messages[messages.endIndex - 1].parts.append(part)
            size += part.estimatedBytes
        }
        return messages
    }
}

extension VectorMessage.PrefixedPart {
    /// At least the encoded size.
    var estimatedBytes: Int { prefix.count + part.estimatedBytes }
}

extension VectorMessage.Part {
    /// At least the encoded size: an entry has two byte strings of 16 bytes and a number.
    fileprivate var estimatedBytes: Int {
        switch self {
        case .entries(let entries): 8 + 48 * entries.count
        case .digests: 8 + 16 * 9
        case .difference(let entries): 8 + 48 * entries.count
        case .children(let children): children.reduce(8) { $0 + 4 + $1.part.estimatedBytes }
        }
    }
}
