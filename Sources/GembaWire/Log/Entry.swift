/// One entry of a log as it is stored and sent.
///
/// Its replica and sequence number come from where it stands; length and hash of the body are computed.
public struct Entry: Hashable, Sendable {
    /// The maximal changes of other replicas that the author had seen, sorted by replica, at most one for each.
    public var deps: [ChangeReference]
    /// How the body was sealed; nil when it is readable by everybody.
    public var seal: SealParameters?
    /// How the body represents its content.
    public var coding: BodyCoding
    /// The body as stored: compressed, then sealed, where that applies.
    public var body: [UInt8]

    /// Creates an entry from its parts.
    public init(deps: [ChangeReference], seal: SealParameters? = nil, coding: BodyCoding = .identity, body: [UInt8]) {
        self.deps = deps
        self.seal = seal
        self.coding = coding
        self.body = body
    }
}

/// How the stored body of an entry represents its content.
///
/// Numbers are listed in the registry.
public enum BodyCoding: UInt8, Sendable {
    /// As it is.
    case identity = 0
    /// One Zstandard frame (RFC 8878).
    case zstandard = 1
}

/// What a sealed body was sealed with.
///
/// The nonce is random, so that a station rolled back by a restored backup never seals two texts under one nonce.
public struct SealParameters: Hashable, Sendable {
    /// The generation of the plant's sealing key.
    public var epoch: EpochID
    /// 12 bytes.
    public var nonce: [UInt8]

    /// Creates parameters from their parts.
    public init(epoch: EpochID, nonce: [UInt8]) {
        self.epoch = epoch
        self.nonce = nonce
    }
}
