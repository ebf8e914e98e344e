internal import Crypto
internal import GembaCausality
public import GembaWire

/// A few pronounceable syllables that stand for an enrolment, for people on both sides to compare before they admit it (T6).
///
/// They are four proquints (D. S. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable, Spellable, and
/// Pronounceable", arXiv:0901.4016) of the first 8 bytes of SHA-256("gemba/words/1" ‖ plant ‖ station key ‖ transport key ‖
/// sealing key ‖ hash of the joiner's roster genesis). Whoever wants to join in another's place has to find keys with the same
/// words: 2^64 trials.
public struct EnrolmentWords: Hashable, Sendable, CustomStringConvertible {
    /// The words as people read them out, such as `lusab-babad-gutih-tugad`.
    public let description: String

    private static let label = "gemba/words/1"
    private static let consonants = Array("bdfghjklmnprstvz")
    private static let vowels = Array("aiou")

    /// The words of a station's enrolment.
    ///
    /// - Parameters:
    ///   - member: The station as its join describes it.
    ///   - genesis: The hash of entry 0 of the log that holds the join.
    public init(plant: PlantID, station: StationKey, member: Member, genesis: ChangeHash) {
        var hasher = SHA256()
        hasher.update(data: Array(Self.label.utf8))
        for part in [plant.bytes, station.bytes, member.transport.bytes, member.sealing.bytes, genesis.bytes] {
            hasher.update(data: part)
        }
        self.init(Array(hasher.finalize().prefix(8)))
    }

    /// The words of the enrolment that a roster log holds, or nil when its first entry holds no join.
    public init?(of log: RosterLog) {
        guard let plant = log.genesis.plant else { return nil }
        for case .join(_, let member, _) in log.entries.first?.body?.acts ?? [] {
            self.init(plant: plant, station: log.station, member: member, genesis: log.genesisHash)
            return
        }
        return nil
    }

    /// The proquints of an even number of bytes.
    init(_ bytes: [UInt8]) {
        description = stride(from: 0, to: bytes.count, by: 2).map { index in
            Self.proquint(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]))
        }.joined(separator: "-")
    }

    /// Consonant, vowel, consonant, vowel, consonant: 4, 2, 4, 2 and 4 bits, most significant first.
    private static func proquint(_ number: UInt16) -> String {
        func bits(_ shift: UInt16, _ mask: UInt16) -> Int { Int(number >> shift & mask) }
        return String([
            consonants[bits(12, 15)], vowels[bits(10, 3)], consonants[bits(6, 15)], vowels[bits(4, 3)],
            consonants[bits(0, 15)],
        ])
    }
}
