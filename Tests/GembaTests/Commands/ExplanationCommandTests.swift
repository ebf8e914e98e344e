import Foundation
import Testing

@Suite("Programs: explaining", .timeLimit(.minutes(2)))
struct ExplanationCommandTests {
    @Test("Why and history name who wrote what, and what it replaced")
    func values() async throws {
        try await Machines.withPlant { plant in
            try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2", "--by", "ewa")
            try await plant.gemba(
                "it", "ticket", "set", "it-1", "--title", "printer at line 3", "--by", "marek", "--because", "clearer")
            let why = try await plant.gemba("it", "why", "ticket", "IT-0001", "title", "--json").object
            let groups = try #require(why["groups"] as? [[String: Any]])
            #expect(groups.count == 1)
            let writes = try #require(groups.first?["writes"] as? [[String: Any]])
            #expect(writes.map { $0["by"] as? String } == ["ewa", "marek"])
            #expect(writes.map { $0["fate"] as? String } == ["replaced", "shown"])
            #expect(writes.last?["reason"] as? String == "clearer")

            let history = try await plant.gemba("it", "history", "ticket", "it-1", "--json").objects
            #expect(history.map { $0["verb"] as? String } == ["inserted", "edited"])
            let text = try await plant.gemba("it", "history", "ticket", "it-1").out
            #expect(text.contains("marek at IT") && text.contains("replaced  title: “label printer dead”"))

            for wrong in [["ticket", "IT-0009"], ["nothing", "IT-0001"], ["ticket", "IT-0001", "no_such_column"]] {
                let failure = try await plant.run(.gemba, "it", ["why"] + wrong, expecting: 3)
                #expect(!failure.err.isEmpty && failure.out.isEmpty)
            }
        }
    }

    @Test("The doctor finds a sound machine sound, and a damaged file broken")
    func doctor() async throws {
        try await Machines.withPlant { plant in
            let findings = try await findings(plant, expecting: 0)
            #expect(findings["file"] == "good" && findings["membership"] == "good" && findings["peers"] == "notable")
            // A page in the middle of the file becomes zeros.
            let path = plant.data("it") + "/replica.sqlite"
            let file = try FileHandle(forUpdating: URL(filePath: path))
            let size = try file.seekToEnd()
            try file.seek(toOffset: size / 4096 / 2 * 4096)
            try file.write(contentsOf: Data(repeating: 0, count: 4096))
            try file.close()
            #expect(try await self.findings(plant, expecting: 1)["file"] == "broken")
        }
    }

    @Test("After a disk was put back and written to, both histories are kept, and the doctor says so (L7)")
    func fork() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3", at: hub.endpoint)
            let line = try await plant.start("line", at: nil)
            try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2", "--by", "ewa")
            #expect(try await plant.agree("it", "line", changes: 1))
            try await hub.stop()

            // The same files get their earlier content back, so that nothing about the machine tells.
            let files = ["replica.sqlite", "replica.sqlite-wal", "replica.side"].map {
                URL(filePath: plant.data("it") + "/" + $0)
            }
            let backup = try files.map { try Data(contentsOf: $0) }
            try await plant.gemba("it", "report", "seen by the line", "--at", "L3-PRN2", "--by", "ewa")
            let again = try await plant.start("it", at: hub.endpoint)
            #expect(try await plant.agree("it", "line", changes: 2))
            #expect(try await findings(plant, expecting: 0)["forks"] == "good")
            try await again.stop()
            try await line.stop()
            for (file, content) in zip(files, backup) {
                let handle = try FileHandle(forWritingTo: file)
                try handle.truncate(atOffset: 0)
                try handle.write(contentsOf: content)
                try handle.close()
            }
            try? FileManager.default.removeItem(atPath: plant.data("it") + "/replica.sqlite-shm")
            try await plant.gemba("it", "report", "seen by nobody", "--at", "L3-PRN2", "--by", "ewa")
            let restored = try await plant.start("it", at: hub.endpoint)
            let reader = try await plant.start("line", at: nil)
            #expect(try await plant.agree("it", "line", changes: 3))
            for machine in ["it", "line"] {
                let forks = try await plant.gemba(machine, "status", "--json").object["forks"] as? [[String: Any]]
                #expect(forks?.map { $0["station"] as? String } == ["IT"])
                #expect((forks?.first?["branches"] as? [Any])?.count == 3)
                #expect(try await findings(plant, of: machine, expecting: 0)["forks"] == "notable")
            }
            try await restored.stop()
            try await reader.stop()
        }
    }

    private func findings(
        _ plant: Machines, of machine: String = "it", expecting status: Int32
    ) async throws -> [String: String] {
        let output = try await plant.gemba(machine, "doctor", "--json", expecting: status)
        let list = try #require(try output.object["findings"] as? [[String: Any]])
        return Dictionary(list.map { ($0["subject"] as? String ?? "", $0["state"] as? String ?? "") }) { $1 }
    }
}
