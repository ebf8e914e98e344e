import Testing

@testable import GembaStore

@Suite("Texts as searching compares them")
struct SearchTextTests {
    private func folded(_ text: String) -> String {
        var folding = ScalarFolding()
        return String(String.UnicodeScalarView(FoldedText(text, folding: &folding).scalars))
    }

    @Test(
        "Case, accents and width do not matter, in the languages of a plant",
        arguments: [
            ("Kühlwasser-Störung", "kuhlwasser storung"), ("Straße groß", "strasse gross"), ("ẞ", "ss"),
            ("wózek widłowy", "wozek widlowy"), ("ŁĄCZNIK", "lacznik"), ("Øre æ", "ore ae"), ("İstanbul", "istanbul"),
            ("ＰＲＮ２", "prn2"), ("ﾌﾟﾘﾝﾀ", "フ\u{309A}リンタ"), ("プリンタ", "フ\u{309A}リンタ"), ("印刷、停止", "印刷 停止"),
            ("L3-PRN2: dead!", "l3 prn2 dead"), ("  ", ""), ("½", "1 2"), ("e\u{301}", "e"), ("हिन्दी", "हिन्दी"),
        ])
    func folding(text: String, expected: String) { #expect(folded(text) == expected) }

    @Test("Voicing makes another word in Japanese: ハブ is not バフ")
    func voicing() { #expect(folded("ハブ") != folded("バフ")) }

    @Test("A text is indexed as what begins at each letter of its words")
    func grams() {
        var folding = ScalarFolding()
        #expect(SearchGrams.text(of: FoldedText("P4 dead", folding: &folding)) == "p4 4 dea ead ad d ")
    }

    @Test(
        "A query is pieces between spaces, and nothing in it has another meaning",
        arguments: [
            ("drucker", ["drucker"]), ("label printer", ["label", "printer"]),
            (#""label printer" x"#, ["label printer", "x"]),
            ("L3-PRN2", ["l3 prn2"]), (#"„zu heiß“"#, ["zu heiss"]), (#"" AND NEAR( -*^ "#, ["and near"]), ("", []),
            ("-*", []),
        ])
    func query(text: String, pieces: [String]) { #expect(SearchQuery(text).pieces == pieces) }

    @Test("The expression ends in whole grams, or in the beginning of one")
    func expression() {
        #expect(SearchQuery("L3-PRN2 p4").expression == #""l3 3 prn rn2 " AND "p4" *"#)
    }

    @Test("An excerpt shows what was found as it was written")
    func excerpt() throws {
        let excerpt = try #require(
            SearchHit.Excerpt("Der ETIKETTENDRUCKER ist heiß", of: "title", for: SearchQuery("drucker heiss")))
        #expect(excerpt.marked() == "Der ETIKETTEN[DRUCKER] ist [heiß]")
        let accented = try #require(SearchHit.Excerpt("e\u{301}tude", of: "title", for: SearchQuery("etu")))
        #expect(accented.marked() == "[e\u{301}tu]de")
        #expect(SearchHit.Excerpt("nothing", of: "title", for: SearchQuery("else")) == nil)
    }

    @Test("An excerpt of a long text begins shortly before the first thing found")
    func longExcerpt() throws {
        let text =
            String(repeating: "so it goes on and on. ", count: 20) + "Then the printer died."
            + String(repeating: " x", count: 90)
        let excerpt = try #require(SearchHit.Excerpt(text, of: "body", for: SearchQuery("printer")))
        #expect(excerpt.text.hasPrefix("…") && excerpt.text.hasSuffix("…") && excerpt.text.count < 110)
        #expect(excerpt.marked().contains("the [printer] died"))
    }
}
