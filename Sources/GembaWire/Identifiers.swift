public import GembaCausality

/// The hash of a log entry, which covers everything before it in its log.
public struct ChangeHash: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }

    /// What a genesis follows: 32 zero bytes.
    public static let beforeGenesis = ChangeHash(rawValue: ThirtyTwoByteValue(high: 0, low: 0))

    /// The part that references carry.
    public var prefix: HashPrefix { HashPrefix(rawValue: rawValue.high) }

    /// The replica's name, when this is the hash of its genesis.
    public var replica: ReplicaID { ReplicaID(rawValue: rawValue.high) }

    /// The plant's name, when this is the hash of its founder's roster genesis.
    public var plant: PlantID { PlantID(rawValue: rawValue) }
}

/// The first 16 bytes of a ``ChangeHash``.
public struct HashPrefix: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a value from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }
}

/// The name of a plant: the hash of the roster genesis that founded it.
public struct PlantID: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// A station's identity: its Ed25519 public key (RFC 8032).
public struct StationKey: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// A station's X25519 public key for CURVE links.
public struct TransportKey: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// A station's X25519 public key to which epoch keys are wrapped.
public struct SealingKey: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// The Ed25519 public key of an invitation.
public struct InviteKey: ThirtyTwoBytes {
    /// The bytes, held as two numbers.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a value from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }
}

/// The name of one generation of the plant's sealing key.
public struct EpochID: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a value from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }
}

/// The stable number of a replicated table; its name is local to an application.
public struct TableID: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral {
    /// The number.
    public let rawValue: UInt32

    /// Creates an identifier from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Creates an identifier from its number.
    public init(integerLiteral value: UInt32) { rawValue = value }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The stable number of a group within its table: the unit of merge in a row.
public struct GroupID: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral {
    /// The number.
    public let rawValue: UInt32

    /// Creates an identifier from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Creates an identifier from its number.
    public init(integerLiteral value: UInt32) { rawValue = value }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
