import Foundation
import Testing

/// An article of the documentation, and the compiled source of its code.
///
/// Each block of Swift in the article is the text between `// snippet: name` and `// end` in the source, without its
/// indentation; in the same order, and all of them.
struct Article: CustomTestStringConvertible, Sendable {
    var name: String

    static let all = ["FirstReplica", "OwnSchema", "Conflicts", "Observation", "Migration"].map(Article.init)

    var testDescription: String { name }

    func blocks() throws -> [String] {
        let text = try Repository.text("Sources/Gemba/Gemba.docc/\(name).md")
        return Self.regions(of: text, from: { $0 == "```swift" }, to: { $0 == "```" })
    }

    func snippets() throws -> [String] {
        let text = try Repository.text("Tests/GembaTests/Articles/\(name)Article.swift")
        return Self.regions(
            of: text, from: { $0.drop { $0 == " " }.hasPrefix("// snippet: ") },
            to: { $0.drop { $0 == " " } == "// end" })
    }

    /// The texts between lines that begin and end one, without the indentation that all their lines have.
    static func regions(of text: String, from begins: (Substring) -> Bool, to ends: (Substring) -> Bool) -> [String] {
        var regions: [String] = []
        var region: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = region, ends(line) {
                let indentation = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
                regions.append(lines.map { String($0.dropFirst(indentation)) }.joined(separator: "\n"))
                region = nil
            } else if region != nil {
                region?.append(line)
            } else if begins(line) {
                region = []
            }
        }
        return regions
    }
}

@Suite("Articles")
struct ArticleTests {
    @Test("show code that is compiled and run by a test", arguments: Article.all)
    func code(_ article: Article) throws {
        let (blocks, snippets) = (try article.blocks(), try article.snippets())
        #expect(!blocks.isEmpty)
        #expect(blocks == snippets)
    }

    @Test("are listed in the documentation's contents", arguments: Article.all)
    func contents(_ article: Article) throws {
        #expect(try Repository.text("Sources/Gemba/Gemba.docc/Gemba.md").contains("<doc:\(article.name)>"))
    }

    @Test("would be found to differ")
    func canary() {
        let regions = Article.regions(
            of: "a\n  // snippet: x\n  let a = 1\n\n    let b = 2\n  // end\n", from: { $0.contains("snippet") },
            to: { $0.contains("end") })
        #expect(regions == ["let a = 1\n\n  let b = 2"])
    }
}
