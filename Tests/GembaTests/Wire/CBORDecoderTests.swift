import GembaCausality
import GembaWire
import Testing

@Suite("CBORDecoder refuses what has another encoding, or none")
struct CBORDecoderTests {
    @Test(
        "a head longer than its number needs",
        arguments: [
            "1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b0000000000000000", "1b00000000ffffffff",
            "3800", "3817", "3900ff", "5800", "5801ff", "7800", "780161", "9800", "980100", "990001f6", "b800",
            "b8010000",
        ])
    func longHeads(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .notDeterministic)
    }

    @Test(
        "a reserved head or an indefinite length",
        arguments: [
            "1c", "1d", "1e", "1f", "3c", "3f", "5f40ff", "5c", "7f60ff", "9f00ff", "9c", "bfff", "bc",
        ])
    func reservedHeads(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .notDeterministic)
    }

    @Test(
        "a floating-point number that a shorter form holds",
        arguments: [
            "fa00000000", "fa3f800000", "fa33800000", "fa38800000", "fa477fe000", "fb0000000000000000",
            "fb3ff0000000000000", "fb40f86a0000000000", "fb47efffffe0000000", "fb36a0000000000000",
        ])
    func longFloats(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .notDeterministic)
    }

    @Test(
        "NaN, infinities and -0 in every width",
        arguments: [
            "f98000", "f97c00", "f9fc00", "f97e00", "f97c01", "fa80000000", "fa7f800000", "faff800000", "fa7fc00000",
            "fa7f800001", "fb8000000000000000", "fb7ff0000000000000", "fbfff0000000000000", "fb7ff8000000000000",
            "fb7ff0000000000001",
        ])
    func uncomparableFloats(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .outOfRange)
    }

    @Test(
        "text that is not well-formed UTF-8",
        arguments: [
            "61ff", "6180", "62c328", "62c0af", "63eda080", "63edbfbf", "64f4908080", "61c3", "63e28228", "64f0808080",
        ])
    func malformedText(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .invalid("text is not well-formed UTF-8"))
    }

    @Test("text with U+0000", arguments: ["6100", "63610062"])
    func zeroInText(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .invalid("text contains U+0000"))
    }

    @Test(
        "map keys that are out of order or there twice",
        arguments: [
            "a202000100", "a201000100", "a2616200616100", "a2200001f6", "a241000001f6",
        ])
    func disorderedMaps(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .notDeterministic)
    }

    @Test("tags, undefined and unassigned simple values", arguments: ["c000", "d81800", "f7", "e0", "f820", "ff"])
    func unusedTypes(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .wrongType)
    }

    @Test(
        "an input that ends too early",
        arguments: [
            "", "18", "19ff", "1affffff", "1bffffffffffffff", "38", "41", "42ff", "61", "81", "8200", "a1", "a100",
            "f9",
            "f900", "fa000000", "fb00000000000000", "8261",
        ])
    func truncation(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .truncated)
    }

    @Test(
        "a length beyond the input, before memory is taken for it",
        arguments: [
            "5affffffff", "5bffffffffffffffff", "5b7fffffffffffffff", "7bffffffffffffffff", "9bffffffffffffffff",
            "9b7fffffffffffffff", "bbffffffffffffffff", "bb7fffffffffffffff", "bb8000000000000000", "a2000100",
        ])
    func declaredLengths(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .truncated)
    }

    @Test("bytes after the item")
    func trailingBytes() {
        #expect(throws: WireError(.trailingBytes, offset: 1)) { try Value(decoding: [0x00, 0x00]) }
    }

    @Test("nesting deeper than 16, of arrays and of maps alike")
    func nesting() throws {
        func arrays(_ depth: Int) -> [UInt8] { [UInt8](repeating: 0x81, count: depth - 1) + [0x80] }
        func maps(_ depth: Int) -> [UInt8] { Array(repeatElement([0xA1, 0x00], count: depth - 1).joined()) + [0xA0] }
        for nested in [arrays, maps] {
            var decoder = CBORDecoder(nested(16))
            _ = try decoder.skipItem()
            try decoder.finish()
            #expect(try refusal(of: Hexadecimal.encode(nested(17))) == .tooDeep)
            #expect(try refusal(of: Hexadecimal.encode(nested(100_000))) == .tooDeep)
            // What encloses the item counts.
            var enclosed = CBORDecoder(nested(16))
            #expect(throws: WireError.self) { try enclosed.skipItem(depth: 1) }
        }
    }

    @Test(
        "E3: an integer beyond 64 signed bits",
        arguments: [
            "1b8000000000000000", "1bffffffffffffffff", "3b8000000000000000", "3bffffffffffffffff",
        ])
    func integerRange(hexadecimal: String) throws {
        #expect(try refusal(of: hexadecimal) == .outOfRange)
        let bytes = try #require(Hexadecimal.decode(hexadecimal))
        #expect(throws: WireError(.outOfRange, offset: 9)) { try Value(decoding: bytes) }
    }

    @Test("an item of another type than expected")
    func wrongTypes() {
        let reads: [(UInt8, @Sendable (inout CBORDecoder) throws -> Void)] = [
            (0x20, { _ = try $0.unsigned() }), (0x60, { _ = try $0.byteString() }), (0x40, { _ = try $0.text() }),
            (0xA0, { _ = try $0.array() }), (0x80, { _ = try $0.map() }), (0xF4, { try $0.null() }),
            (0xF6, { _ = try $0.real() }), (0x40, { _ = try $0.signed() }), (0x61, { _ = try $0.eightBytes() }),
        ]
        for (initial, read) in reads {
            var decoder = CBORDecoder([initial])
            #expect(throws: WireError(.wrongType, offset: 0)) { try read(&decoder) }
        }
    }

    @Test("a byte string of another length than its field has")
    func fixedLengths() {
        for count in [0, 15, 17, 31, 33] {
            var sixteen = CBORDecoder(Item.bytes(counting(count)).encoded)
            #expect(throws: WireError.self) { try sixteen.fixed(ReplicaID.self) }
            var thirtyTwo = CBORDecoder(Item.bytes(counting(count)).encoded)
            #expect(throws: WireError.self) { try thirtyTwo.fixed(StationKey.self) }
        }
    }

    @Test("nothing of a slice but its own bytes, and counts offsets from its beginning")
    func slices() throws {
        let bytes: [UInt8] = [0xFF, 0xFF, 0x43, 1, 2, 3, 0x01, 0xFF]
        var decoder = CBORDecoder(bytes[2..<7])
        #expect(try Array(decoder.byteString()) == [1, 2, 3])
        #expect(decoder.offset == 4)
        #expect(try decoder.unsigned() == 1)
        #expect(decoder.remaining == 0)
        #expect(throws: WireError(.truncated, offset: 5)) { try decoder.unsigned() }
    }

    private func refusal(of hexadecimal: String) throws -> WireError.Reason? {
        var decoder = CBORDecoder(try #require(Hexadecimal.decode(hexadecimal)))
        do {
            _ = try decoder.skipItem()
            return nil
        } catch {
            return error.reason
        }
    }
}
