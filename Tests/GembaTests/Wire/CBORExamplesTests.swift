import GembaCausality
import GembaWire
import Testing

/// The examples of RFC 8949, appendix A, as far as Gemba uses what they show.
@Suite("CBOR examples of RFC 8949, appendix A")
struct CBORExamplesTests {
    @Test(
        "integers of at least 0",
        arguments: [
            (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"), (1000, "1903e8"),
            (1_000_000, "1a000f4240"), (1_000_000_000_000, "1b000000e8d4a51000"),
            (9_223_372_036_854_775_807, "1b7fffffffffffffff"),
        ] as [(UInt64, String)])
    func unsigned(number: UInt64, hexadecimal: String) throws {
        #expect(encoding { $0.unsigned(number) } == hexadecimal)
        #expect(try decoding(hexadecimal) { decoder throws(WireError) in try decoder.unsigned() } == number)
    }

    @Test(
        "negative integers",
        arguments: [
            (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"), (.min, "3b7fffffffffffffff"),
        ] as [(Int64, String)])
    func signed(number: Int64, hexadecimal: String) throws {
        #expect(encoding { $0.signed(number) } == hexadecimal)
        #expect(try decoding(hexadecimal) { decoder throws(WireError) in try decoder.signed() } == number)
    }

    @Test(
        "floating-point numbers in their shortest form",
        arguments: [
            (0.0, "f90000"), (1.0, "f93c00"), (1.1, "fb3ff199999999999a"), (1.5, "f93e00"), (65504.0, "f97bff"),
            (100000.0, "fa47c35000"), (3.4028234663852886e+38, "fa7f7fffff"), (1.0e+300, "fb7e37e43c8800759c"),
            (5.960464477539063e-8, "f90001"), (0.00006103515625, "f90400"), (-4.0, "f9c400"),
            (-4.1, "fbc010666666666666"),
        ] as [(Double, String)])
    func real(number: Double, hexadecimal: String) throws {
        #expect(encoding { $0.real(number) } == hexadecimal)
        #expect(try decoding(hexadecimal) { decoder throws(WireError) in try decoder.real() } == number)
    }

    @Test("byte strings", arguments: [([], "40"), ([1, 2, 3, 4], "4401020304")] as [([UInt8], String)])
    func byteString(bytes: [UInt8], hexadecimal: String) throws {
        #expect(encoding { $0.byteString(bytes) } == hexadecimal)
        #expect(try decoding(hexadecimal) { decoder throws(WireError) in Array(try decoder.byteString()) } == bytes)
    }

    @Test(
        "text",
        arguments: [
            ("", "60"), ("a", "6161"), ("IETF", "6449455446"), ("\"\\", "62225c"), ("\u{00fc}", "62c3bc"),
            ("\u{6c34}", "63e6b0b4"), ("\u{10151}", "64f0908591"),
        ])
    func text(text: String, hexadecimal: String) throws {
        #expect(encoding { $0.text(text) } == hexadecimal)
        let decoded = try decoding(hexadecimal) { decoder throws(WireError) in try decoder.text() }
        #expect(Array(decoded.utf8) == Array(text.utf8))
    }

    @Test(
        "what nests is passed over whole",
        arguments: [
            "80", "83010203", "8301820203820405", "98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0",
            "a201020304", "a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145",
            "f4", "f5", "f6", "3b7fffffffffffffff",
        ])
    func structures(hexadecimal: String) throws {
        let bytes = try #require(Hexadecimal.decode(hexadecimal))
        var decoder = CBORDecoder(bytes)
        #expect(try Array(decoder.skipItem()) == bytes)
        try decoder.finish()
    }

    @Test("null")
    func null() throws {
        #expect(encoding { $0.null() } == "f6")
        try decoding("f6") { decoder throws(WireError) in try decoder.null() }
    }

    @Test(
        "what the appendix shows and Gemba does not use is refused",
        arguments: [
            // Integers beyond 64 signed bits; infinities, NaN and -0; big numbers, dates and other tags; undefined and other simple values.
            "1bffffffffffffffff", "3bffffffffffffffff", "f98000", "f97c00", "f97e00", "f9fc00", "fa7f800000",
            "fa7fc00000", "faff800000", "fb7ff0000000000000",
            "fb7ff8000000000000", "fbfff0000000000000", "c249010000000000000000", "c349010000000000000000",
            "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9e20000000000", "d74401020304",
            "d818456449455446", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "f7", "f0", "f8ff",
            // Indefinite lengths.
            "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "83018202039f0405ff",
            "bf61610161629f0203ffff", "826161bf61626163ff",
        ])
    func refused(hexadecimal: String) throws {
        let bytes = try #require(Hexadecimal.decode(hexadecimal))
        var decoder = CBORDecoder(bytes)
        #expect(throws: WireError.self) { try decoder.skipItem() }
        #expect(throws: WireError.self) { try Value(decoding: bytes) }
    }

    private func encoding(_ write: (inout CBOREncoder) -> Void) -> String {
        var encoder = CBOREncoder()
        write(&encoder)
        return Hexadecimal.encode(encoder.bytes)
    }

    private func decoding<Result>(
        _ hexadecimal: String, _ read: (inout CBORDecoder) throws(WireError) -> Result
    ) throws -> Result {
        var decoder = CBORDecoder(try #require(Hexadecimal.decode(hexadecimal)))
        let result = try read(&decoder)
        try decoder.finish()
        return result
    }
}
