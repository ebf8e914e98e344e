import Foundation
import Testing

/// What people carry on sticks, with the programs that they have.
@Suite("Programs: bundles", .timeLimit(.minutes(5)))
struct BundleCommandTests {
    private func write(_ plant: Machines, _ machine: String, _ file: String, since: String? = nil) async throws {
        let base = since.map { ["--since", $0] } ?? []
        try await plant.run(.gemba, machine, ["bundle", "write", file] + base)
    }

    private func read(_ plant: Machines, _ machine: String, _ file: String) async throws -> [String: Any] {
        try await plant.gemba(machine, "bundle", "read", file, "--json").object
    }

    @Test("A machine that no link reaches is enrolled by two bundles, and works with the others by more of them")
    func carriedEnrolment() async throws {
        try await Machines.withPlant { plant in
            let (join, all, news) = (plant.data("join.bundle"), plant.data("all.bundle"), plant.data("news.bundle"))
            let token = try await plant.gemba("it", "invite", "--role", "station", "--name", "L3")
            try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2")
            let prepared = try await plant.gemba("line", "join", "--offline", input: token.out)
            #expect(prepared.err.contains("bundle write"))
            try await write(plant, "line", join)
            #expect(try await read(plant, "it", join)["ending"] as? String == "complete")
            #expect(try await plant.gemba("it", "member", "list", "--json").objects.count == 2)
            try await write(plant, "it", all)
            let report = try await read(plant, "line", all)
            #expect(report["new"] as? Int == 2 && report["writer"] as? String == "IT")
            #expect(!FileManager.default.fileExists(atPath: plant.data("line") + "/joining"))
            #expect(try await plant.digest("line") == plant.digest("it"))

            try await plant.gemba("line", "report", "belt slips", "--at", "L3-B1")
            try await write(plant, "line", news, since: all)
            let back = try await read(plant, "it", news)
            #expect(back["new"] as? Int == 2 && back["known"] as? Int == 0)
            #expect(try await plant.digest("line") == plant.digest("it"))
            #expect(try await plant.gemba("line", "verify", "--json").object["sound"] as? Bool == true)
        }
    }

    @Test("A laptop that alternates between two islands makes them agree, while their daemons run")
    func islands() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3")
            try await plant.join("rover", role: "liaison", name: "ROVER")
            try await plant.gemba("it", "report", "all hear of this", "--at", "M1")
            let daemons = [
                try await plant.start("line", peers: [hub.endpoint]),
                try await plant.start("rover", peers: [hub.endpoint]),
            ]
            #expect(try await plant.agree("it", "line", "rover"))
            for daemon in daemons + [hub] { try await daemon.stop() }
            // From here on nobody has a link to anybody.
            _ = try await plant.start("it")
            _ = try await plant.start("line", peers: ["tcp://127.0.0.1:1"])
            for round in 0..<2 {
                for (place, island) in ["it", "line"].enumerated() {
                    try await plant.gemba(island, "report", "\(island) \(round)", "--at", "M\(place)")
                    let (out, back) = (plant.data("\(island)-\(round).out"), plant.data("\(island)-\(round).back"))
                    try await write(plant, island, out, since: round == 0 ? nil : "ROVER")
                    _ = try await read(plant, "rover", out)
                    try await plant.gemba("rover", "report", "rover at \(island) \(round)", "--at", "V1")
                    try await write(plant, "rover", back, since: out)
                    #expect(try await read(plant, island, back)["leftOut"] as? Int == 0)
                }
            }
            let last = plant.data("last")
            try await write(plant, "rover", last)
            _ = try await read(plant, "it", last)
            #expect(try await plant.agree("it", "line", "rover"))
            #expect(try await plant.gemba("line", "ticket", "list", "--json").objects.count == 9)
        }
    }

    @Test("A relay takes and gives bundles, and what is missing has a status of its own")
    func relayAndGaps() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            let invitation = try await plant.gemba("it", "invite", "--role", "relay", "--endpoint", hub.endpoint)
            try await plant.run(.relay, "relay", ["join"], input: invitation.out)
            try await plant.join("line", name: "L3", at: hub.endpoint)
            try await hub.stop()
            let (first, second) = (plant.data("first"), plant.data("second"))
            try await plant.gemba("it", "report", "one", "--at", "M1")
            try await write(plant, "it", first)
            try await plant.gemba("it", "report", "two", "--at", "M1")
            try await write(plant, "it", second, since: first)

            let early = try await plant.gemba("line", "bundle", "read", second, "--json", expecting: 3)
            #expect(early.err.contains("missing here"))
            let missing = try #require(try early.object["missing"] as? [[String: Any]])
            #expect(missing.count == 1 && missing[0]["folded"] as? Bool == false)
            try await plant.run(.relay, "relay", ["bundle", "read", first])
            try await plant.run(.relay, "relay", ["bundle", "read", second])
            try await plant.run(.relay, "relay", ["bundle", "write", plant.data("relayed")])
            let dry = try await plant.gemba("line", "bundle", "read", plant.data("relayed"), "--dry-run", "--json")
            #expect(try dry.object["new"] as? Int == 3 && dry.object["dryRun"] as? Bool == true)
            #expect(try await read(plant, "line", plant.data("relayed"))["new"] as? Int == 3)
            #expect(try await plant.digest("line") == plant.digest("it"))
            #expect(try await plant.logs("relay", of: .relay) == plant.logs("it"))
        }
    }

    @Test("Files that are none, cut off, damaged or of another plant end with their status and leave no trace")
    func badFiles() async throws {
        try await Machines.withPlant { plant in
            try await plant.gemba("it", "report", "one", "--at", "M1")
            let file = plant.data("bundle")
            try await write(plant, "it", file)
            try await plant.gemba("it", "bundle", "write", file, expecting: 1)
            try await plant.gemba("it", "bundle", "write", file, "--force")
            try await plant.gemba("it", "bundle", "write", plant.data("x"), "--since", "L9", expecting: 3)
            try await plant.gemba("it", "bundle", "read", plant.data("nothing"), expecting: 2)
            try await plant.gemba("it", "bundle", "read", try plant.file("text", "hello"), expecting: 2)
            try await plant.gemba("other", "init", "--plant", "Plant 8", "--station", "X")
            let before = try await plant.digest("other")
            let refused = try await plant.gemba("other", "bundle", "read", file, expecting: 4)
            #expect(refused.err.contains("another plant"))
            #expect(try await plant.digest("other") == before)

            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            try bytes.dropLast(5).write(to: URL(fileURLWithPath: plant.data("short")))
            let short = try await plant.gemba("it", "bundle", "read", plant.data("short"), "--json", expecting: 1)
            #expect(try short.object["ending"] as? String == "truncated")
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: plant.data("flipped")))
            let flipped = try await plant.gemba("it", "bundle", "read", plant.data("flipped"), expecting: 1)
            #expect(flipped.err.contains("damaged"))
        }
    }
}
