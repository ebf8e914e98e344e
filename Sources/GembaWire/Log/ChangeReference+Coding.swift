extension ChangeReference: WireCodable {
    /// Appends `[replica, sequence, prefix]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.fixed(replica)
        encoder.unsigned(sequence)
        encoder.fixed(prefix)
    }

    /// Reads a reference.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(replica: try decoder.fixed(), sequence: try decoder.unsigned(), prefix: try decoder.fixed())
    }
}

extension CBOREncoder {
    /// Writes references, which are sorted by replica with at most one for each.
    public mutating func references(_ references: [ChangeReference]) {
        precondition(references.isStrictlyAscending(by: \.replica), "references are not sorted, one for each replica")
        list(references)
    }
}

extension CBORDecoder {
    /// Reads references, which are sorted by replica with at most one for each.
    public mutating func references(maximum: Int = .max) throws(WireError) -> [ChangeReference] {
        let references = try list(of: ChangeReference.init(from:))
        guard references.count <= maximum else { throw failure(.tooLong) }
        guard references.isStrictlyAscending(by: \.replica) else {
            throw failure(.invalid("references are not sorted by replica, one for each"))
        }
        return references
    }
}

extension Array {
    /// Whether every element's key is greater than the one before, so that order and uniqueness are given.
    func isStrictlyAscending(by key: (Element) -> some Comparable) -> Bool {
        var index = 1
        while index < count {
            guard key(self[index - 1]) < key(self[index]) else { return false }
            index += 1
        }
        return true
    }
}
