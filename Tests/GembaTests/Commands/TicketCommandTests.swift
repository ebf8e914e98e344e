import Foundation
import Testing

/// What people do with tickets at one station, without any network.
@Suite("Programs: tickets", .timeLimit(.minutes(2)))
struct TicketCommandTests {
    @Test("A ticket goes through its life by commands, each of which says where it has got to")
    func life() async throws {
        try await Machines.withPlant { plant in
            let report = try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2", "--by", "ewa")
            #expect(report.out.hasPrefix("IT-0001  "))
            #expect(report.err.contains("Saved here as IT-0001."))
            let steps: [[String]] = [
                ["ack", "it-0001"], ["start", "IT-1"], ["note", "IT-0001", "ordered a fuser", "--tech", "HP RM1-0354"],
                ["hold", "IT-0001", "part", "--need", "a fuser"], ["unhold", "IT-0001"],
                ["resolve", "IT-0001", "--did", "changed the fuser"], ["reopen", "IT-0001", "dead again"],
                ["resolve", "IT-0001", "--did", "changed the board", "--code", "replaced"], ["confirm", "IT-0001"],
            ]
            for step in steps { try await plant.run(.gemba, "it", ["ticket"] + step + ["--by", "marek"]) }
            let ticket = try await plant.gemba("it", "ticket", "show", "IT-0001", "--json").object
            #expect(ticket["phase"] as? String == "closed")
            #expect(ticket["round"] as? Int == 1)
            #expect((ticket["history"] as? [Any])?.count == 10)
            #expect(try await plant.gemba("it", "ticket", "list", "--open", "--json").objects.isEmpty)
        }
    }

    @Test("The one who acts is the one named, else the login")
    func actor() async throws {
        try await Machines.withPlant { plant in
            try await plant.gemba("it", "report", "a", "--at", "X", "--by", "ewa")
            try await plant.gemba("it", "report", "b", "--at", "X")
            let tickets = try await plant.gemba("it", "ticket", "list", "--json").objects
            let authors = Dictionary(
                uniqueKeysWithValues: tickets.map { ($0["title"] as? String ?? "", $0["createdBy"] as? String ?? "") })
            #expect(authors == ["a": "ewa", "b": "tester"])
        }
    }

    @Test("Words are found in tickets and in what was said about them")
    func search() async throws {
        try await Machines.withPlant { plant in
            try await plant.gemba("it", "report", "Etikettendrucker tot", "--at", "L3-PRN2", "--by", "ewa")
            try await plant.gemba("it", "report", "scanner stuck", "--at", "L3-SCN1", "--by", "ewa")
            try await plant.gemba("it", "ticket", "note", "IT-0001", "kabel wymieniony", "--by", "marek")
            for (text, count) in [
                ("drucker", 1), ("KABEL drucker", 1), ("l3", 2), ("\"AND(*", 0), ("drucker stuck", 0),
            ] {
                let found = try await plant.gemba("it", "ticket", "list", "--search", text, "--json").objects
                #expect(found.count == count, "\(text)")
            }
        }
    }

    @Test("Every way to end has its number")
    func exitStatus() async throws {
        try await Machines.withPlant { plant in
            try await plant.gemba("it", "report", "a", "--at", "X")
            try await plant.gemba("it", "ticket", "show", "IT-0099", expecting: 3)
            try await plant.gemba("it", "ticket", "ack", "nothing like it", expecting: 3)
            try await plant.gemba("it", "ticket", "confirm", "IT-0001", expecting: 4)
            try await plant.gemba("it", "ticket", "resolve", "IT-0001", expecting: 2)
            try await plant.gemba("it", "ticket", "hold", "IT-0001", "part", expecting: 2)
            try await plant.gemba("it", "frobnicate", expecting: 2)
            try await plant.gemba("nowhere", "status", expecting: 1)
            try await plant.gemba("it", "import", "servicenow-csv", "/nonexistent.csv", expecting: 2)
            try await plant.gemba("it", "conflicts", "--check")
            #expect(!FileManager.default.fileExists(atPath: plant.data("nowhere")))
        }
    }

    @Test("A title that two stations set apart is kept twice, listed, and settled by the next one (G7)")
    func conflict() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.join("line", name: "L3")
            try await plant.gemba("it", "report", "printer", "--at", "L3-PRN2")
            let first = try await plant.start("line", peers: [founder.endpoint])
            #expect(try await plant.agree("it", "line", changes: 1))
            try await first.stop()

            try await plant.gemba("line", "ticket", "set", "IT-1", "--title", "printer dead", "--by", "ewa")
            try await plant.gemba("it", "ticket", "set", "IT-1", "--title", "no labels", "--by", "marek")
            _ = try await plant.start("line", peers: [founder.endpoint])
            #expect(try await plant.agree("it", "line", changes: 3))

            for machine in ["it", "line"] {
                let conflicts = try await plant.gemba(machine, "conflicts", "--json").objects
                #expect(conflicts.count == 1)
                #expect(conflicts.first?["number"] as? String == "IT-0001")
                #expect(conflicts.first?["columns"] as? [String] == ["title"])
                let siblings = try #require(conflicts.first?["siblings"] as? [[String: Any]])
                #expect(Set(siblings.compactMap { $0["by"] as? String }) == ["ewa", "marek"])
                #expect(Set(siblings.compactMap { $0["station"] as? String }) == ["L3", "IT"])
                #expect(siblings.map { $0["shown"] as? Bool } == [true, false])
                #expect(try await plant.gemba(machine, "status", "--json").object["conflicts"] as? Int == 1)
                try await plant.gemba(machine, "conflicts", "--check", expecting: 5)
            }
            try await plant.gemba("line", "ticket", "set", "IT-1", "--title", "printer dead, no labels")
            #expect(try await plant.agree("it", "line", changes: 4))
            #expect(try await plant.gemba("it", "conflicts", "--json").objects.isEmpty)
        }
    }

    @Test("An import adds what is new, a rehearsal and a repetition add nothing")
    func importing() async throws {
        try await Machines.withPlant { plant in
            let file = try plant.file(
                "incidents.csv",
                """
                number,incident_state,sys_mod_count,opened_by,opened_at,sys_updated_by,sys_updated_at,category
                INC1,New,0,ann,02-03-2026 06:31,ann,02-03-2026 06:31,Printing
                INC1,Resolved,1,ann,02-03-2026 06:31,bob,02-03-2026 07:31,Printing
                INC2,New,0,ann,02-03-2026 08:31,ann,02-03-2026 08:31,Mail

                """)
            let arguments = ["import", "servicenow-csv", file, "--json"]
            let rehearsal = try await plant.run(.gemba, "it", arguments + ["--dry-run"]).object
            #expect(rehearsal["created"] as? Int == 2)
            #expect(try await plant.gemba("it", "ticket", "list", "--json").objects.isEmpty)
            #expect(try await plant.run(.gemba, "it", arguments).object["created"] as? Int == 2)
            #expect(try await plant.run(.gemba, "it", arguments).object["created"] as? Int == 0)
            #expect(try await plant.gemba("it", "ticket", "list", "--json").objects.count == 2)
            let ticket = try await plant.gemba("it", "ticket", "show", "inc1", "--json").object
            #expect(ticket["phase"] as? String == "resolved")
        }
    }

    @Test("The status has every key at all times, with nothing known as null")
    func statusKeys() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.join("line", name: "L3")
            let status = try await plant.gemba("it", "status", "--json").object
            let expected: Set<String> = [
                "station", "plant", "replica", "incarnation", "peers", "unsent", "conflicts", "changes", "quarantined",
                "clock",
            ]
            #expect(expected.isSubset(of: status.keys))
            #expect(status["station"] as? String == "IT")
            let peer = try #require((status["peers"] as? [[String: Any]])?.first)
            let peerKeys: Set<String> = [
                "name", "station", "role", "connected", "endpoint", "lastContact", "secondsSinceContact", "behind",
                "clockOffsetMilliseconds",
            ]
            #expect(peerKeys.isSubset(of: peer.keys))
            #expect(peer["name"] as? String == "L3")
            try await founder.stop()
            let later = try await plant.gemba("it", "status", "--json").object
            #expect((later["peers"] as? [[String: Any]])?.first?["connected"] as? Bool == false)
        }
    }
}
