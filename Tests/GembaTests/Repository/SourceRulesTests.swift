import Testing

@Suite("The repository's own rules")
struct SourceRulesTests {
    @Test("files in Sources are short enough to be read")
    func length() throws {
        try report(SourceRules.excessLines, on: try Repository.files(in: "Sources"))
    }

    @Test("files, folders and types have names that say something")
    func names() throws {
        for folder in ["Sources", "Tests", "Tools", "Protocol"] {
            for path in try Repository.paths(in: folder) {
                for finding in SourceRules.emptyNames(path) { Issue.record("\(finding)") }
            }
        }
        let declaration = /\b(?:struct|class|enum|actor|protocol)\s+(\w+)/
        for file in try Repository.files(in: "Sources") {
            for match in file.text.matches(of: declaration) {
                for finding in SourceRules.emptyNames(String(match.1)) { Issue.record("\(file.path): \(finding)") }
            }
        }
    }

    @Test("nothing is put off, and no library ends the program")
    func unfinished() throws {
        try report(SourceRules.unfinished, on: try Repository.files(in: "Sources"))
    }

    @Test("pure targets read no clock, draw no random number and start no task")
    func purity() throws {
        for target in ["GembaCausality", "GembaCRDT", "GembaWire", "GembaGossip"] {
            try report(SourceRules.impurities, on: try Repository.files(in: "Sources/\(target)"))
        }
    }

    @Test("the README has less than 150 lines")
    func readme() throws {
        #expect(try Repository.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count < 150)
    }

    private func report(_ rule: (Repository.File) -> [String], on files: [Repository.File]) throws {
        #expect(!files.isEmpty)
        for finding in files.flatMap(rule) { Issue.record("\(finding)") }
    }
}

@Suite("The repository's rules can fail")
struct SourceRulesCanaryTests {
    private func file(_ text: String) -> Repository.File {
        Repository.File(path: "Sources/GembaWire/X.swift", text: text)
    }

    @Test("a file of one line too many is found")
    func length() {
        let longest = String(repeating: "\n", count: SourceRules.maximumLines)
        #expect(SourceRules.excessLines(file(longest)).isEmpty)
        #expect(!SourceRules.excessLines(file(longest + "\n")).isEmpty)
    }

    @Test(
        "empty names are found, as words",
        arguments: [
            "Sources/GembaWire/Utils.swift", "Sources/Common/A.swift", "SessionManager", "String+Helpers.swift",
        ])
    func names(name: String) { #expect(!SourceRules.emptyNames(name).isEmpty) }

    @Test(
        "words that only contain an empty name are not",
        arguments: [
            "Sources/GembaWire/Commons.swift", "CommonalityTests", "GembaUtilisation",
        ])
    func otherNames(name: String) { #expect(SourceRules.emptyNames(name).isEmpty) }

    @Test(
        "work put off and ends of the program are found",
        arguments: [
            "// TO" + "DO: later", "let x = try! f()", "fatalError(\"no\")", "Task.detached { }",
        ])
    func unfinished(line: String) { #expect(!SourceRules.unfinished(file(line)).isEmpty) }

    @Test(
        "impurities are found, outside comments",
        arguments: [
            "let now = ContinuousClock.now", "await store()", "Task { }", "UInt64.random(in: 0..<9) + x.random()",
        ])
    func impurities(line: String) {
        #expect(!SourceRules.impurities(file(line)).isEmpty)
        #expect(SourceRules.impurities(file("/// " + line)).isEmpty)
    }
}
