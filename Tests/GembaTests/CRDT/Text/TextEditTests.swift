import GembaCRDT
import GembaSimulation
import Testing

@Suite("TextEdit")
struct TextEditTests {
    @Test("an edit made of two texts turns the one into the other", arguments: 0..<50)
    func difference(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let old = Self.text(&generator)
        let new = generator.chance(0.5) ? Self.text(&generator) : old.replacing("press", with: "presses")
        #expect(Self.scalars(Self.apply(TextEdit(from: old, to: new), to: old)) == Self.scalars(new))
    }

    @Test("edits one after another are one edit", arguments: 0..<50)
    func composition(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let start = Self.text(&generator)
        var (whole, text) = (TextEdit(), start)
        for _ in 0..<4 {
            let next = Self.text(&generator)
            let edit = TextEdit(from: text, to: next)
            whole.append(edit)
            text = next
        }
        #expect(Self.scalars(Self.apply(whole, to: start)) == Self.scalars(text))
    }

    @Test("edits of one text made apart meet in the same text, but for what both insert in one place")
    func rebasing() {
        let own = TextEdit(from: "check the belt, log it", to: "check both belts, log it")
        let other = TextEdit(from: "check the belt, log it", to: "now check the belt, and log twice")
        let base = "check the belt, log it"
        let one = Self.apply(other.rebased(over: own), to: Self.apply(own, to: base))
        let two = Self.apply(own.rebased(over: other), to: Self.apply(other, to: base))
        #expect(one == "now check both belts, and log twice")
        #expect(two == one)
    }

    @Test("only the words that differ are touched, and only where they differ")
    func words() {
        let edit = TextEdit(from: "check the belt, log it", to: "check the belts, and log it")
        #expect(edit.steps == [.keep(14), .insert("s"), .keep(1), .insert(" and")])
        #expect(TextEdit(from: "same", to: "same").isEmpty)
        #expect(TextEdit(from: "\u{E9}", to: "e\u{301}").steps == [.insert("e\u{301}"), .remove(1)])
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let words = ["press", " ", "4", "stopped", ".", "é", "e\u{301}", "\r\n", "👩‍🔧", "現場"]
        return (0..<generator.below(31)).map { _ in generator.pick(words) ?? "" }.joined()
    }

    private static func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

    /// The text after an edit, by nothing but the meaning of its steps.
    private static func apply(_ edit: TextEdit, to text: String) -> String {
        var rest = Array(text.unicodeScalars)[...]
        var result = String.UnicodeScalarView()
        for step in edit.steps {
            switch step {
            case .keep(let count): result.append(contentsOf: rest.prefix(count))
            case .insert(let text): result.append(contentsOf: text.unicodeScalars)
            case .remove: break
            }
            switch step {
            case .keep(let count), .remove(let count): rest = rest.dropFirst(count)
            case .insert: break
            }
        }
        result.append(contentsOf: rest)
        return String(result)
    }
}
