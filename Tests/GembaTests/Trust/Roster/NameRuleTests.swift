import GembaTrust
import Testing

@Suite("Names of stations and plants")
struct NameRuleTests {
    @Test("Short visible names are permitted", arguments: ["L3", "PRESS-4", "Łódź", "現場", "a", "prasa_7", "ß"])
    func permitted(name: String) {
        #expect(NameRule.station.permits(name))
        #expect(NameRule.plant.permits(name))
    }

    @Test("Empty, invisible, reordering or over-long names are refused")
    func refused() {
        let names = [
            "", " ", "L3 ", " L3", "L\t3", "L\n3", "L3\u{0}", "L\u{200B}3", "\u{202E}3L", "L\u{A0}3", "L\u{FEFF}3",
            "L\u{3000}3", "L\u{E0061}3", String(repeating: "x", count: 65), String(repeating: "ł", count: 33),
        ]
        for (number, name) in names.enumerated() {
            #expect(!NameRule.station.permits(name), "name \(number)")
            #expect(!NameRule.plant.permits(name), "name \(number)")
            #expect(throws: TrustError.self, "name \(number)") { try NameRule.station.check(name) }
        }
    }

    @Test("Only a plant's name may have spaces between words")
    func spaces() {
        #expect(NameRule.plant.permits("Press Shop 7"))
        #expect(!NameRule.station.permits("Press 7"))
    }

    @Test("64 bytes are the limit")
    func limit() {
        #expect(NameRule.station.permits(String(repeating: "x", count: 64)))
        #expect(NameRule.station.permits(String(repeating: "ł", count: 32)))
    }
}
