internal import GembaCausality
public import GembaWire

// A key is named in the roster only when it has one encoding and is not of small order. Otherwise one key would have
// two names, or a signature and a shared secret would hold no proof at all: under a small-order Ed25519 key one
// signature verifies for many messages, and agreement with a small-order X25519 key yields a constant.
//
// Sources: RFC 8032, section 5.1.3 (decoding); Chalkias, Garillot, Nikolaenko, "Taming the Many EdDSAs" (SSR 2020),
// section 2 and table 1 (small-order points and their encodings); RFC 7748, sections 5 and 6.1; Bernstein, "Curve25519:
// new Diffie-Hellman speed records" (PKC 2006), section 3 (points of small order).

extension StationKey {
    /// Whether this is the canonical encoding of an Ed25519 point that is not of small order.
    ///
    /// That it lies on the curve is not checked here: a key off the curve verifies nothing.
    public var isAcceptable: Bool { Ed25519Encoding.isAcceptable(bytes) }
}

extension InviteKey {
    /// Whether this is the canonical encoding of an Ed25519 point that is not of small order.
    public var isAcceptable: Bool { Ed25519Encoding.isAcceptable(bytes) }
}

extension TransportKey {
    /// Whether this is the canonical encoding of an X25519 coordinate that is not of small order.
    public var isAcceptable: Bool { X25519Encoding.isAcceptable(bytes) }
}

extension SealingKey {
    /// Whether this is the canonical encoding of an X25519 coordinate that is not of small order.
    public var isAcceptable: Bool { X25519Encoding.isAcceptable(bytes) }
}

/// The rules for an encoded Ed25519 point: the y coordinate, little-endian in 255 bits, then the sign of x.
enum Ed25519Encoding {
    /// The y coordinates of the eight points whose order divides 8. With the sign of x they have 8 canonical encodings.
    static let smallOrderCoordinates: [[UInt8]] = [
        // Order 1: the identity (0, 1).
        FieldElement.small(1),
        // Order 2: (0, -1).
        FieldElement.primeMinus(1),
        // Order 4: x is a square root of -1, y is 0.
        FieldElement.small(0),
        // Order 8: the two y coordinates, each with both signs of x.
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
    ]

    static func isAcceptable(_ bytes: [UInt8]) -> Bool {
        var coordinate = bytes
        coordinate[31] &= 0x7F
        // The second encoding of the points with x = 0, which has the sign bit set, is not canonical either; both are
        // of small order and refused as such.
        return FieldElement.isReduced(coordinate) && !smallOrderCoordinates.contains(coordinate)
    }
}

/// The rules for an encoded X25519 public key: the u coordinate, little-endian; the top bit is unused.
enum X25519Encoding {
    /// The u coordinates of the points of small order on the curve and on its twist.
    static let smallOrderCoordinates: [[UInt8]] = [
        // Orders 1 and 2.
        FieldElement.small(0),
        // Order 4, on the curve and on the twist.
        FieldElement.small(1),
        FieldElement.primeMinus(1),
        // Order 8.
        [
            0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A,
            0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
        ],
        [
            0x5F, 0x9C, 0x95, 0xBC, 0xA3, 0x50, 0x8C, 0x24, 0xB1, 0xD0, 0xB1, 0x55, 0x9C, 0x83, 0xEF, 0x5B,
            0x04, 0x44, 0x5C, 0xC4, 0x58, 0x1C, 0x8E, 0x86, 0xD8, 0x22, 0x4E, 0xDD, 0xD0, 0x9F, 0x11, 0x57,
        ],
    ]

    static func isAcceptable(_ bytes: [UInt8]) -> Bool {
        // A set top bit makes the number too large to be reduced.
        FieldElement.isReduced(bytes) && !smallOrderCoordinates.contains(bytes)
    }
}

/// Numbers modulo p = 2^255 - 19, as 32 little-endian bytes.
enum FieldElement {
    /// p itself: the least number that is not reduced.
    private static let prime: [UInt8] = [0xED] + Array(repeating: 0xFF, count: 30) + [0x7F]

    static func small(_ value: UInt8) -> [UInt8] {
        [value] + Array(repeating: 0, count: 31)
    }

    static func primeMinus(_ value: UInt8) -> [UInt8] {
        [prime[0] - value] + prime.dropFirst()
    }

    /// Whether the number is less than p.
    static func isReduced(_ bytes: [UInt8]) -> Bool {
        bytes.reversed().lexicographicallyPrecedes(prime.reversed())
    }
}
