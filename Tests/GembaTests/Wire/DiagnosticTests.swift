import GembaWire
import Testing

@Suite("Diagnostic notation")
struct DiagnosticTests {
    @Test(
        "shows every kind of item",
        arguments: [
            ([1, [2, -3], "", nil], "[1, [2, -3], \"\", null]"), (.bytes([0, 0xAB]), "h'00ab'"), (.map([]), "{}"),
            (.map([(1, "a"), ("b", [])]), "{1: \"a\", \"b\": []}"), (.raw([0xF9, 0x3E, 0x00]), "1.5"),
            (.raw([0xF9, 0x3C, 0x00]), "1.0"), (.raw([0x82, 0xF4, 0xF5]), "[false, true]"),
            (.unsigned(.max), "18446744073709551615 / byte 9: a number is out of range /"),
            (.negative(argument: .max), "-18446744073709551616 / byte 9: a number is out of range /"),
        ] as [(Item, String)])
    func items(item: Item, notation: String) {
        #expect(Diagnostic.notation(of: item.encoded) == notation)
    }

    @Test("escapes what a terminal would act on")
    func escapes() {
        let text = "a\"\\\n\u{1B}[31m\u{202E}\u{10FFFF}ä\u{2028}"
        #expect(
            Diagnostic.notation(of: Item.text(text).encoded)
                == #""a\"\\\n\u001b[31m\u202e\udbff\udfffä\u2028""#)
    }

    @Test(
        "shows what can be read of a refused item, and the fault",
        arguments: [
            ("", "/ byte 0: the input ends too early /"),
            ("8201", "/ byte 1: the input ends too early /"),
            ("820118", "[1,  / byte 2: the input ends too early /"),
            ("0000", "0 / byte 1: bytes follow the end /"),
            ("a202000100", "{2: 0, 1: 0} / byte 4: not the deterministic encoding /"),
            ("81c100", "[ / byte 1: another type of item was expected /"),
        ])
    func faults(hexadecimal: String, notation: String) throws {
        let bytes = stride(from: 0, to: hexadecimal.count, by: 2).map { offset in
            UInt8(hexadecimal.dropFirst(offset).prefix(2), radix: 16)!
        }
        #expect(Diagnostic.notation(of: bytes) == notation)
    }

    @Test("ends at the permitted nesting")
    func nesting() {
        let notation = Diagnostic.notation(of: [UInt8](repeating: 0x81, count: 100_000))
        #expect(notation == String(repeating: "[", count: 16) + " / byte 16: nested too deeply /")
    }
}
