internal import Crypto
public import GembaCausality
public import GembaWire

/// Turns content into the body of an entry and back (L5): compress where it pays, then seal, then hash.
///
/// **Compression.** Content of at least ``compressionThreshold`` bytes becomes one Zstandard frame (RFC 8878) when that
/// saves at least one part in ``leastSaving``. A body of coding 1 is exactly one frame, without dictionary, with a
/// window and content of at most ``Limits/contentBytes``, and nothing after it; anything else is damaged.
///
/// **Sealing.** ChaCha20-Poly1305 (RFC 8439, section 2.8) over the coded content, with
/// - key: HKDF-SHA256 (RFC 5869) of the epoch key, no salt, info: "gemba/seal" ‖ replica, 32 bytes;
/// - nonce: 12 random bytes, which the header names;
/// - associated data: "gemba/seal/1" (ASCII) ‖ hash(n-1) ‖ sealing header;
/// - body: ciphertext ‖ tag (16 bytes).
///
/// The **sealing header** is deterministic CBOR `[version: 1, replica, sequence, deps, seal, coding]`: the first six
/// items of the header, as an array of six. Length and hash of the body, the header's other two, follow from the
/// sealed body and so cannot be sealed with it; the hash chain and the signed head cover them.
///
/// A body can therefore not be moved to another place, log, plant or epoch, even by one who holds the epoch key but not
/// the author's signing key.
public enum Envelope {
    /// Content shorter than this is not compressed: a frame's header and the call would cost more than they save.
    public static let compressionThreshold = 512
    /// Compression pays when it saves at least content / this.
    public static let leastSaving = 16
    /// Bytes of tag that sealing adds.
    public static let tagBytes = 16

    private static let sealTag = "gemba/seal/1"
    private static let sealingHeaderVersion: UInt64 = 1

    /// Where an entry stands: what a seal binds it to, besides its own header.
    public struct Place: Hashable, Sendable {
        /// The log's replica.
        public var replica: ReplicaID
        /// The sequence number of the entry; at least 1, because a genesis is never sealed.
        public var sequence: SequenceNumber
        /// The hash of the entry before.
        public var previous: ChangeHash

        /// Creates a place.
        public init(replica: ReplicaID, sequence: SequenceNumber, previous: ChangeHash) {
            self.replica = replica
            self.sequence = sequence
            self.previous = previous
        }
    }

    // MARK: - Making

    /// A part of content that was compressed while the rest was made.
    public struct EarlyPart {
        /// What has the part.
        public var compression: EarlyCompression
        /// Where it begins in the content.
        public var start: Int

        /// Creates a part.
        public init(compression: EarlyCompression, start: Int) {
            self.compression = compression
            self.start = start
        }
    }

    /// Makes an entry whose body everyone can read.
    ///
    /// - Parameter early: the part that is compressed already, if any.
    /// - Throws: ``TrustError/Code/bodyTooLarge``.
    public static func makeEntry(
        _ content: [UInt8], deps: [ChangeReference], early: EarlyPart? = nil
    ) throws(TrustError) -> Entry {
        let (coding, body) = try encode(content, early: early, reserving: 0)
        return Entry(deps: deps, coding: coding, body: body)
    }

    /// Makes an entry whose body is sealed.
    ///
    /// - Parameters:
    ///   - key: that of the place's replica.
    ///   - nonce: 12 random bytes, never used before in this log and epoch.
    ///   - early: the part that is compressed already, if any.
    /// - Throws: ``TrustError/Code/bodyTooLarge``.
    public static func makeEntry(
        _ content: [UInt8], deps: [ChangeReference], at place: Place, sealedWith key: SealKey, nonce: [UInt8],
        early: EarlyPart? = nil
    ) throws(TrustError) -> Entry {
        precondition(place.sequence > 0, "a genesis is never sealed")
        precondition(place.replica == key.replica, "every replica has a key of its own")
        let (coding, body) = try encode(content, early: early, reserving: tagBytes)
        var entry = Entry(
            deps: deps, seal: SealParameters(epoch: key.epoch, nonce: nonce), coding: coding, body: [])
        do {
            let box = try ChaChaPoly.seal(
                body, using: key.key, nonce: ChaChaPoly.Nonce(data: nonce),
                authenticating: associatedData(of: entry, at: place))
            entry.body = Array(box.ciphertext + box.tag)
        } catch {
            preconditionFailure("a nonce has 12 bytes, not \(nonce.count)")
        }
        return entry
    }

    private static func encode(
        _ content: [UInt8], early: EarlyPart? = nil, reserving reserved: Int
    ) throws(TrustError) -> (BodyCoding, [UInt8]) {
        guard content.count <= Limits.contentBytes else {
            throw tooLarge(content.count, "before compression", Limits.contentBytes)
        }
        var coding = BodyCoding.identity
        var body = content
        if content.count >= compressionThreshold,
            let frame = early.flatMap({ $0.compression.frame(of: content, from: $0.start) })
                ?? Zstandard.compress(content),
            frame.count <= content.count - content.count / leastSaving
        {
            coding = .zstandard
            body = frame
        }
        guard body.count + reserved <= Limits.bodyBytes else {
            throw tooLarge(body.count + reserved, "as stored", Limits.bodyBytes)
        }
        return (coding, body)
    }

    private static func tooLarge(_ count: Int, _ when: String, _ limit: Int) -> TrustError {
        TrustError(
            .bodyTooLarge,
            "One change holds \(count) bytes \(when), and at most \(limit) fit. Write it in several transactions.")
    }

    // MARK: - Opening

    /// The content of an entry that is not sealed.
    ///
    /// - Throws: ``TrustError/Code/damagedBody``; ``TrustError/Code/unknownEpoch`` when it is sealed.
    public static func open(_ entry: Entry) throws(TrustError) -> [UInt8] {
        if let seal = entry.seal { throw unknownEpoch(seal.epoch) }
        return try decode(entry.body, entry.coding)
    }

    /// The content of an entry, sealed or not.
    ///
    /// - Parameter key: that of the place's replica in the epoch that the entry names; nil when it is not held.
    /// - Throws: ``TrustError/Code/damagedBody``; ``TrustError/Code/unknownEpoch``. Which of the two it is matters: the
    ///   first is final, the second waits for a key.
    public static func open(_ entry: Entry, at place: Place, with key: SealKey?) throws(TrustError) -> [UInt8] {
        guard let seal = entry.seal else { return try open(entry) }
        guard let key, key.epoch == seal.epoch else { throw unknownEpoch(seal.epoch) }
        precondition(place.replica == key.replica, "every replica has a key of its own")
        let coded: [UInt8]
        do {
            let box = try ChaChaPoly.SealedBox(
                nonce: ChaChaPoly.Nonce(data: seal.nonce), ciphertext: entry.body.dropLast(tagBytes),
                tag: entry.body.suffix(tagBytes))
            coded = Array(
                try ChaChaPoly.open(
                    box, using: key.key,
                    authenticating: associatedData(of: entry, at: place)))
        } catch {
            throw TrustError(.damagedBody, "The seal of a body does not fit its key and place.", cause: error)
        }
        return try decode(coded, entry.coding)
    }

    private static func decode(_ body: [UInt8], _ coding: BodyCoding) throws(TrustError) -> [UInt8] {
        switch coding {
        case .identity:
            return body
        case .zstandard:
            do throws(Zstandard.Failure) {
                return try Zstandard.decompress(body, atMost: Limits.contentBytes)
            } catch {
                throw TrustError(
                    .damagedBody,
                    error == .tooLarge
                        ? "A body holds more than \(Limits.contentBytes) bytes when decompressed."
                        : "A body is not one complete Zstandard frame.", cause: error)
            }
        }
    }

    private static func unknownEpoch(_ epoch: EpochID) -> TrustError {
        TrustError(.unknownEpoch, "A body is sealed under epoch \(epoch), whose key is not held.")
    }

    // MARK: - Associated data

    private static func associatedData(of entry: Entry, at place: Place) -> [UInt8] {
        var encoder = CBOREncoder(capacity: 96 + 48 * entry.deps.count)
        encoder.raw(sealTag.utf8)
        encoder.raw(place.previous.bytes)
        encoder.array(count: 6)
        encoder.unsigned(sealingHeaderVersion)
        encoder.fixed(place.replica)
        encoder.unsigned(place.sequence)
        encoder.references(entry.deps)
        encoder.optional(entry.seal)
        encoder.unsigned(UInt64(entry.coding.rawValue))
        return encoder.bytes
    }
}
