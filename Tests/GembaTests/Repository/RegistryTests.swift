import GembaWire
import Testing

@Suite("The registry of numbers")
struct RegistryTests {
    private let registry: Registry

    init() throws { registry = Registry(try Repository.text("Protocol/registry.md")) }

    @Test("no number stands twice in a section")
    func uniqueness() {
        #expect(registry.sections.count >= 10)
        for (section, rows) in registry.sections {
            #expect(Set(rows.map(\.number)).count == rows.count, "\(section)")
            #expect(Set(rows.map(\.name)).count == rows.count, "\(section)")
        }
    }

    @Test("every number in use is covered by a valid vector, and every number in a vector is registered")
    func coverage() throws {
        for finding in registry.differences(from: try Self.shownNumbers()) { Issue.record("\(finding)") }
    }

    @Test("an uncovered and an unregistered number would be found")
    func canary() {
        let registry = Registry(
            "## Roles\n\n| Role | Name | Since |\n|---|---|---|\n| 0 | a | 1 |\n| 1 | b | reserved |\n")
        #expect(registry.differences(from: ["Roles": [0]]).isEmpty)
        #expect(registry.differences(from: ["Roles": []]) == ["Roles 0 is in no vector"])
        #expect(registry.differences(from: ["Roles": [0, 7]]) == ["Roles 7 is not registered"])
    }

    @Test("the enumerations in the code are those of the registry")
    func enumerations() {
        func expect(_ section: String, _ cases: [(UInt8, String)]) {
            let rows = registry[section].filter { !$0.isReserved }.map { (UInt8($0.number), $0.name) }
            #expect(rows.elementsEqual(cases, by: ==), "\(section)")
        }
        expect("Log kinds", LogKind.allCases.map { ($0.rawValue, "\($0)") })
        expect("Roles", Role.allCases.map { ($0.rawValue, "\($0)") })
        expect("Body codings", [BodyCoding.identity, .zstandard].map { ($0.rawValue, "\($0)") })
        expect("Verbs", [RowOperation.Verb.insert, .edit, .delete].map { ($0.rawValue, "\($0)") })
    }

    // MARK: - What the vectors show

    private static func shownNumbers() throws -> [String: Set<Int64>] {
        var shown: [String: Set<Int64>] = [:]
        func show(_ section: String, _ value: JSONValue) {
            if let number = value.integer { shown[section, default: []].insert(number) }
        }
        for vector in try valid("genesis") {
            show("Log kinds", vector["kind"])
            show("Roles", vector["founding"]["founder"]["role"])
        }
        for vector in try valid("entries") { show("Body codings", vector["coding"]) }
        for operation in try valid("bodies").flatMap({ $0["expected"]["operations"].elements ?? [] }) {
            show("Verbs", operation["verb"])
            for effect in operation["effects"].elements ?? [] where effect["encoded"] == .null {
                show("Effect kinds", effect["kind"])
                for element in effect["elements"].elements ?? [] {
                    show("Set verbs", .integer(element["adds"] == true ? 1 : 0))
                }
            }
        }
        for vector in try valid("bodies") where vector["expected"]["extensions"]["1"] != .null {
            show("Body extensions", 1)
        }
        for vector in try valid("merges") {
            for family in vector["families"].elements ?? [] { show("Families", family) }
            for mark in vector["marks"].elements ?? [] { show("Presence marks", mark) }
        }
        for act in try valid("roster").flatMap({ $0["expected"]["acts"].elements ?? [] }) where act["encoded"] == .null
        {
            show("Roster acts", act["kind"])
            show("Roles", act["role"])
            if act["flags"] == 1 { show("Policy flags", 0) }
        }
        for member in try valid("folds").flatMap({ $0["members"].elements ?? [] }) { show("Roles", member["role"]) }
        try showMessages(show)
        try showSections(show)
        return shown
    }

    private static func showMessages(_ show: (String, JSONValue) -> Void) throws {
        let parts = ["entries", "digests", "difference", "children"]
        for vector in try valid("frames") {
            let message = vector["expected"]
            show("Message types", message["type"])
            show("Offer verdicts", message["verdict"])
            if message["capabilities"] == 1 { show("Capabilities", 0) }
            if message["capabilities"] == 2 { show("Capabilities", 1) }
            if message["capabilities"] == 4 { show("Capabilities", 2) }
            if message["capabilities"] == 8 { show("Capabilities", 3) }
            if message["capabilities"] == 32 { show("Capabilities", 5) }
            if message["capabilities"] == 16 { show("Capabilities", 4) }
            // One vector shows how an unknown code is kept.
            if !vector.name.contains("unknown") { show("Bye codes", message["code"]) }
            for part in message["parts"].elements ?? [] {
                for (kind, name) in parts.enumerated() where part[name] != .null {
                    show("Part kinds", .integer(Int64(kind)))
                }
            }
        }
    }

    private static func showSections(_ show: (String, JSONValue) -> Void) throws {
        for vector in try valid("sections") { show("Checkpoint sections", vector["kind"]) }
        for vector in try valid("bundles") {
            for section in try vector.list("sections") { show("Bundle sections", try leadingNumber(section)) }
            for (which, name) in ["base", "end", "floors"].enumerated()
            where vector["expected"][name].elements?.isEmpty == false {
                show("Bundle extents", .integer(Int64(which)))
            }
        }
    }

    /// The number with which a section begins; null for those that show how unknown ones are passed over.
    private static func leadingNumber(_ section: JSONValue) throws -> JSONValue {
        let section = try BundleSection(decoding: try section.bytes())
        if case .unknown = section { return .null }
        return .integer(Int64(section.encoded()[1]))
    }

    private static func valid(_ file: String) throws -> [Vector] { try Vector.load(file).filter(\.isValid) }
}
