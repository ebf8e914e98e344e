/// The shortest floating-point form that keeps a number exactly (RFC 8949, section 4.2.2).
///
/// Binary16 is handled as bits, since not every platform has a type for it.
enum ShortestFloat: Equatable {
    case half(UInt16)
    case single(UInt32)
    case double(UInt64)

    /// The form for a number that is not NaN.
    init(_ value: Double) {
        let single = Float(value)
        guard Double(single) == value else {
            self = .double(value.bitPattern)
            return
        }
        self = Self.half(of: single).map(Self.half) ?? .single(single.bitPattern)
    }

    /// The number that follows an initial byte from 0xF9 to 0xFB, or nil for infinities and NaN in binary16.
    static func value(initial: UInt8, bits: UInt64) -> Double? {
        switch initial {
        case 0xF9: value(half: UInt16(truncatingIfNeeded: bits))
        case 0xFA: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        default: Double(bitPattern: bits)
        }
    }

    /// The number that binary16 bits stand for, or nil for infinities and NaN.
    static func value(half bits: UInt16) -> Double? {
        let exponent = bits >> 10 & 0x1F
        let significand = UInt64(bits & 0x3FF)
        let magnitude: Double
        switch exponent {
        case 0: magnitude = Double(significand) * 0x1p-24
        case 0x1F: return nil
        default: magnitude = Double(bitPattern: (UInt64(exponent) + 1023 - 15) << 52 | significand << 42)
        }
        return bits >> 15 == 0 ? magnitude : -magnitude
    }

    /// The binary16 bits of a number, or nil when binary16 cannot hold it exactly.
    private static func half(of value: Float) -> UInt16? {
        let sign = UInt16(value.sign == .minus ? 1 : 0) << 15
        if value.isZero { return sign }
        let exponent = Int(value.bitPattern >> 23 & 0xFF) - 127
        let significand = value.bitPattern & 0x7F_FFFF
        switch exponent {
        case -14...15:
            guard significand & 0x1FFF == 0 else { return nil }
            return sign | UInt16(exponent + 15) << 10 | UInt16(significand >> 13)
        case -24 ... -15:
            // Subnormal: multiples of 2^-24 without the implicit leading bit.
            let whole = significand | 0x80_0000
            let shift = UInt32(-(exponent + 1))
            guard whole & (1 << shift - 1) == 0 else { return nil }
            return sign | UInt16(whole >> shift)
        default:
            return nil
        }
    }
}
