public import GembaCausality

/// The proof that a station signed two histories of one log (RULES L7), for whoever knows the station's key: two chains of
/// headers that hang on one entry, differ in the next, and each end at a head.
///
/// Bodies are not in it, so it can be shown to anybody, and verifies when they are folded or sealed.
public struct ForkProof: Hashable, Sendable {
    /// The replica id in the headers: that of the log's genesis.
    public var log: ReplicaID
    /// The number of the first entries that differ; at least 1.
    public var first: SequenceNumber
    /// The hash of the last entry in common.
    public var previous: ChangeHash
    /// The halves, by the hash of their first entries.
    public var halves: [Half]

    /// From the fork to a head.
    public struct Half: Hashable, Sendable {
        /// The encoded headers of consecutive entries, never empty.
        public var headers: [[UInt8]]
        /// The 64-byte signature of the head at the last of them.
        public var signature: [UInt8]

        /// Creates a half from its parts.
        public init(headers: [[UInt8]], signature: [UInt8]) {
            self.headers = headers
            self.signature = signature
        }

        /// The hash of each entry, in order.
        public func hashes(after previous: ChangeHash) -> [ChangeHash] {
            var hash = previous
            return headers.map { header in
                hash = Entry.hash(header: header, previous: hash)
                return hash
            }
        }
    }

    /// Creates a proof from its parts.
    public init(log: ReplicaID, first: SequenceNumber, previous: ChangeHash, halves: [Half]) {
        self.log = log
        self.first = first
        self.previous = previous
        self.halves = halves
    }

    /// What every replica that knows of the fork calls the halves.
    public var names: [ReplicaID] {
        halves.compactMap { $0.hashes(after: previous).first.map(log.branch(beginningWith:)) }
    }

    /// The signed heads at which the halves end.
    public var heads: [SignedHead] {
        halves.compactMap { half in
            half.hashes(after: previous).last.map { hash in
                SignedHead(
                    replica: log, sequence: first + SequenceNumber(half.headers.count) - 1, hash: hash,
                    signature: half.signature)
            }
        }
    }
}

extension ForkProof: WireCodable {
    /// Appends `[log, number, hash, half, half]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(halves.count == 2, "a fork of \(halves.count) halves")
        encoder.array(count: 5)
        encoder.fixed(log)
        encoder.unsigned(first)
        encoder.fixed(previous)
        for half in halves { half.encode(into: &encoder) }
    }

    /// Reads a proof. Its signatures are not verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 5)
        log = try decoder.fixed()
        first = try decoder.unsigned()
        previous = try decoder.fixed()
        halves = [try Half(from: &decoder), try Half(from: &decoder)]
        guard first > 0, halves.allSatisfy({ UInt64($0.headers.count) <= UInt64(Int64.max) - first }) else {
            throw decoder.failure(.outOfRange)
        }
        let beginnings = halves.map { $0.hashes(after: previous)[0] }
        guard beginnings[0] < beginnings[1] else {
            throw decoder.failure(.invalid("the halves of a fork are not sorted by hash, or are one"))
        }
        for half in halves {
            for (sequence, header) in zip(first..., half.headers) {
                guard header.starts(with: Entry.headerBeginning(replica: log, sequence: sequence)) else {
                    throw decoder.failure(.invalid("a header is of another entry"))
                }
            }
        }
    }
}

extension ForkProof.Half: WireCodable {
    /// Appends `[headers, COSE_Sign1]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(!headers.isEmpty, "a half without entries")
        encoder.array(count: 2)
        encoder.array(count: headers.count)
        for header in headers { encoder.byteString(header) }
        encoder.detachedSignature(signature)
    }

    /// Reads a half.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        headers = try decoder.nonEmptyList { (decoder) throws(WireError) in Array(try decoder.byteString()) }
        signature = try decoder.detachedSignature()
    }
}

extension Entry {
    /// The bytes with which the header of an entry begins.
    fileprivate static func headerBeginning(replica: ReplicaID, sequence: SequenceNumber) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: 8)
        encoder.unsigned(headerVersion)
        encoder.fixed(replica)
        encoder.unsigned(sequence)
        return encoder.bytes
    }
}
