import GembaFloor
import Testing

@Suite("Ticket numbers")
struct TicketNumberTests {
    @Test(arguments: [
        ("L3", Int64(1), "L3-0001"), ("LAPTOP-EWA", 107, "LAPTOP-EWA-0107"), ("L3", 12345, "L3-12345"),
    ])
    func `are a station's code and at least four digits`(station: String, count: Int64, expected: String) {
        #expect(TicketNumber.minted(station: station, count: count).text == expected)
        #expect(TicketNumber.foreign("INC0000045").text == "INC0000045")
    }

    @Test(arguments: [
        ("L3-0107", "L3", Int64(107), nil), ("l3-107", "L3", 107, nil), ("laptop-ewa-7b", "LAPTOP-EWA", 7, 1),
        ("L3-0107a", "L3", 107, 0), ("L3-0107AA", "L3", 107, 26),
    ])
    func `are read as people type them`(text: String, station: String, count: Int64, index: Int?) throws {
        let typed = try #require(TicketNumber.Typed(text))
        #expect(typed.station == station)
        #expect(typed.count == count)
        #expect(typed.index == index)
    }

    @Test(arguments: ["", "-7", "L3", "L3-", "L3-x", "L3-7-", "INC0000045", "L3-99999999999999999999", "L3-7é"])
    func `are not read into other texts`(text: String) {
        #expect(TicketNumber.Typed(text) == nil)
    }

    @Test func `letters of doubles go on after z and are read back`() {
        #expect([0, 1, 25, 26, 27, 701, 702].map(TicketNumber.letter) == ["a", "b", "z", "aa", "ab", "zz", "aaa"])
        for index in 0..<800 {
            #expect(TicketNumber.Typed("L3-1" + TicketNumber.letter(of: index))?.index == index)
        }
    }
}
