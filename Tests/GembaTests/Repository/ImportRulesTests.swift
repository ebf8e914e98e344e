import Testing

@Suite("Imports point down only")
struct ImportRulesTests {
    @Test("no file imports what its target may not")
    func sources() throws {
        let files = try Repository.files(in: "Sources")
        #expect(!files.isEmpty)
        for file in files {
            for module in ImportRules.violations(in: file.text, of: file.target) {
                Issue.record("\(file.path) imports \(module)")
            }
        }
    }

    @Test("every target has its rules, and every rule a target")
    func targets() throws {
        let targets = Set(try Repository.files(in: "Sources").map(\.target))
        #expect(targets == Set(ImportRules.allowed.keys))
    }

    @Test("no target may import one that may import it, also through others")
    func order() {
        for target in ImportRules.allowed.keys {
            var reachable: Set<String> = []
            var pending = Array(ImportRules.allowed[target, default: []])
            while let module = pending.popLast() {
                guard reachable.insert(module).inserted else { continue }
                pending += ImportRules.allowed[module, default: []]
            }
            #expect(!reachable.contains(target), "\(target) can reach itself")
        }
    }

    @Test("the relay cannot reach the domain")
    func relay() {
        for target in ["GembaCommands", "gemba-relay"] {
            #expect(!ImportRules.allowed[target, default: []].contains("GembaFloor"))
            #expect(!ImportRules.allowed[target, default: []].contains("Gemba"))
        }
    }

    @Test(
        "every form of import is found",
        arguments: [
            "import Foundation", "public import Foundation", "  internal import Foundation",
            "@testable import Foundation",
            "@_exported public import Foundation", "import struct Foundation.Date",
            "\tprivate import Foundation // why",
            "@preconcurrency import Foundation;", "fileprivate import Foundation", "package import Foundation",
        ])
    func canary(line: String) {
        #expect(ImportRules.imports(in: "// a file\n\(line)\nlet x = 1\n") == ["Foundation"])
        #expect(ImportRules.violations(in: line, of: "GembaWire") == ["Foundation"])
        #expect(ImportRules.violations(in: line, of: "an unknown target") == ["Foundation"])
        #expect(ImportRules.violations(in: line, of: "GembaStore").isEmpty)
    }

    @Test(
        "comments and other words are no imports",
        arguments: [
            "// import Foundation", "/// import Foundation", "let important = 1", "func `import`() {}",
        ])
    func others(line: String) {
        #expect(ImportRules.imports(in: line).isEmpty)
    }
}
