import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@Suite("Value")
struct ValueTests {
    @Test(
        "has one encoding for each kind, and reads it back",
        arguments: [
            (.null, "f6"), (.integer(0), "00"), (.integer(.max), "1b7fffffffffffffff"), (.integer(-1), "20"),
            (.integer(.min), "3b7fffffffffffffff"), (.real(1), "f93c00"), (.real(0.1), "fb3fb999999999999a"),
            (.text(""), "60"), (.text("é"), "62c3a9"), (.blob([]), "40"), (.blob([0, 255]), "4200ff"),
        ] as [(Value, String)])
    func encoding(value: Value, hexadecimal: String) throws {
        #expect(value.isCanonical)
        #expect(Hexadecimal.encode(value.encoded()) == hexadecimal)
        #expect(try Value(decoding: value.encoded()) == value)
    }

    @Test("M14: the integer 1 and the real 1 are two values")
    func numbers() {
        #expect(Value.integer(1) != .real(1))
        #expect(Value.integer(1).encoded() != Value.real(1).encoded())
    }

    @Test("M14: text is compared by its bytes, not by what it looks like")
    func normalisation() {
        let composed = Value.text("caf\u{E9}")
        let decomposed = Value.text("cafe\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(composed.encoded() != decomposed.encoded())
    }

    @Test("M14: NaN, infinities, -0 and text with U+0000 are not canonical")
    func canonicity() {
        for number in [Double.nan, .signalingNaN, .infinity, -.infinity, -0.0] {
            #expect(!Value.real(number).isCanonical)
        }
        for number in [0, 1, -1, .leastNonzeroMagnitude, -.greatestFiniteMagnitude] as [Double] {
            #expect(Value.real(number).isCanonical)
        }
        #expect(!Value.text("a\0").isCanonical)
        #expect(Value.blob([0]).isCanonical)
    }

    @Test("U+0000 and what is no UTF-8 are found wherever they stand", arguments: 1...40, ["\u{1}", "a", "\u{7F}"])
    func badBytes(count: Int, beside neighbour: String) throws {
        let text = Value.text(String(repeating: neighbour, count: count))
        #expect(text.isCanonical)
        #expect(try Value(decoding: text.encoded()) == text)
        for place in 1...count {
            for byte in [0, 0x80, 0xFF] as [UInt8] {
                var encoded = text.encoded()
                encoded[encoded.count - place] = byte
                #expect(throws: WireError.self) { try Value(decoding: encoded) }
                let decoded = Value.text(String(decoding: encoded.suffix(count), as: UTF8.self))
                #expect(decoded.isCanonical == (byte != 0))
            }
        }
    }

    @Test("arrays, maps and tags are no values", arguments: [0x80, 0xA0, 0xC0, 0xF4, 0xF5] as [UInt8])
    func structures(initial: UInt8) {
        #expect(throws: WireError(.wrongType, offset: 0)) { try Value(decoding: [initial]) }
    }

    @Test("every number that binary16 holds takes three bytes and comes back")
    func binary16() throws {
        for bits in UInt16.min...UInt16.max {
            let bytes = [0xF9, UInt8(bits >> 8), UInt8(bits & 0xFF)]
            let isRefused = bits >> 10 & 0x1F == 0x1F || bits == 0x8000
            guard !isRefused else {
                #expect(throws: WireError.self) { try Value(decoding: bytes) }
                continue
            }
            #expect(try Value(decoding: bytes).encoded() == bytes)
        }
    }

    @Test("a real is decoded as exactly what was encoded, in the shortest form that holds it")
    func reals() throws {
        var random = SeededGenerator(seed: 0x7EA1)
        for _ in 0..<20_000 {
            let number: Double =
                switch random.below(3) {
                case 0: Double(bitPattern: random.next())
                case 1: Double(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
                default: Double(Int64(truncatingIfNeeded: random.next()) >> Int64(random.below(64)))
                }
            let value = Value.real(number)
            guard value.isCanonical else { continue }
            let bytes = value.encoded()
            #expect(try Value(decoding: bytes) == value)
            #expect(bytes.count <= (Double(Float(number)) == number ? 5 : 9))
        }
    }
}
