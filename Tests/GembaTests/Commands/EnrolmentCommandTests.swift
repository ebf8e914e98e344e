import Foundation
import Testing

/// Tokens, and what may go wrong with them.
@Suite("Programs: enrolment", .timeLimit(.minutes(2)))
struct EnrolmentCommandTests {
    @Test("An invitation is the only thing on standard output, and names a default place before anybody has listened")
    func invitation() async throws {
        try await Machines.withPlant { plant in
            let plain = try await plant.gemba("it", "invite", "--role", "liaison", "--name", "ROVER")
            #expect(plain.out.hasPrefix("gemba1-"))
            #expect(plain.out.split { $0.isWhitespace }.count == 1)
            #expect(plain.err.contains("tcp://127.0.0.1:7700"))
            let other = try await plant.gemba(
                "it", "invite", "--role", "station", "--endpoint", "tcp://10.0.0.7:7700", "--valid", "30m", "--json")
            #expect(try other.object["routes"] as? [String] == ["tcp://10.0.0.7:7700"])
            #expect(try other.object["validForSeconds"] as? Int == 1800)
            #expect(try await plant.gemba("it", "invitation", "list", "--json").objects.count == 2)
        }
    }

    @Test("A mistyped token is a usage error and leaves no folder behind (T6)")
    func mistypedToken() async throws {
        try await Machines.withPlant { plant in
            let token = try await plant.gemba("it", "invite", "--role", "station").lastWord
            let wrong = String(token.dropLast()) + (token.last == "a" ? "b" : "a")
            for text in [wrong, "", "gemba1-", "hello"] {
                try await plant.gemba("line", "join", "--station", "L3", input: text, expecting: 2)
            }
            try await plant.gemba("line", "join", "--token-file", "/nonexistent", expecting: 2)
            #expect(!FileManager.default.fileExists(atPath: plant.data("line")))
        }
    }

    @Test("A joiner that reaches nobody keeps its folder, and the same command goes on from there")
    func resumedJoin() async throws {
        try await Machines.withPlant { plant in
            let file = try plant.file("token", try await plant.gemba("it", "invite", "--role", "station").out)
            let attempt = ["join", "--station", "L3", "--token-file", file]
            let failed = try await plant.run(
                .gemba, "line", attempt + ["--timeout", "1s", "--peer", "tcp://127.0.0.1:1"], expecting: 6)
            #expect(failed.err.contains("goes on from here"))
            let another = try await plant.gemba("it", "invite", "--role", "station")
            try await plant.gemba("line", "join", input: another.out, expecting: 1)

            let founder = try await plant.start("it")
            let joined = try await plant.run(.gemba, "line", attempt + ["--peer", founder.endpoint])
            #expect(joined.out.hasPrefix("Station L3 is a member of plant Plant 7"))
            let again = try await plant.run(.gemba, "line", attempt, expecting: 1)
            #expect(again.err.contains("already belongs to station L3"))
            #expect(
                try await eventually {
                    try await plant.gemba("it", "member", "list", "--json").objects.map { $0["name"] as? String }
                        == ["IT", "L3"]
                })
        }
    }

    @Test("T6: both sides show the same words")
    func words() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            let token = try await plant.gemba("it", "invite", "--role", "station").out
            let joined = try await plant.gemba(
                "line", "join", "--station", "L3", "--peer", founder.endpoint, "--json", input: token)
            let words = try #require(try joined.object["words"] as? String)
            #expect(joined.err.contains(words))
            let shown = try await plant.gemba("it", "invitation", "list", "--json").objects.first
            let applicants = try #require(shown?["applicants"] as? [[String: Any]])
            #expect(applicants.map { $0["words"] as? String } == [words])
            #expect(try await plant.gemba("it", "invitation", "list").out.contains("used by L3, words \(words)"))
        }
    }

    @Test("A token serves once: when its invitation is closed, a copy makes nobody a member")
    func tokenServesOnce() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            let token = try await plant.gemba("it", "invite", "--role", "station").out
            try await plant.gemba("line", "join", "--station", "L3", "--peer", founder.endpoint, input: token)
            // The daemon closes what was used; closing by hand does the same at once.
            let key = try #require(
                try await plant.gemba("it", "invitation", "list", "--json").objects.first?["invitation"] as? String)
            try await plant.gemba("it", "invitation", "close", String(key.prefix(12)))
            try await plant.gemba(
                "thief", "join", "--station", "L4", "--peer", founder.endpoint, "--timeout", "2s", input: token,
                expecting: 6)
            #expect(try await plant.gemba("it", "member", "--json").objects.count == 2)
        }
    }

    @Test("The recovery key is for its owner's eyes, and a station may not invite")
    func rights() async throws {
        try await Machines.withPlant { plant in
            let attributes = try FileManager.default.attributesOfItem(atPath: plant.data("it") + "/recovery.key")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let founder = try await plant.start("it")
            try await plant.join("line", name: "L3", at: founder.endpoint)
            try await plant.gemba("line", "invite", "--role", "station", expecting: 4)
            try await plant.gemba("it", "init", "--plant", "P", "--station", "S", expecting: 1)
        }
    }
}
