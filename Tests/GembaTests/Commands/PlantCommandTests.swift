import Foundation
import Testing

/// Founding, joining and running, over real sockets.
@Suite("Programs: a plant", .timeLimit(.minutes(2)))
struct PlantCommandTests {
    @Test("What is reported at one station is listed, acknowledged and shown at another (G4)")
    func convergence() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3")
            let line = try await plant.start("line")

            let report = try await plant.gemba(
                "line", "report", "label printer dead", "--at", "L3-PRN2", "--by", "ewa", "--json")
            let id = try #require(try report.object["id"] as? String)
            #expect(try report.object["number"] as? String == "L3-0001")
            #expect(try await eventually { try await plant.gemba("it", "ticket", "list", "--json").objects.count == 1 })

            try await plant.gemba("it", "ticket", "ack", "l3-1", "--by", "marek")
            #expect(try await plant.agree("it", "line", changes: 2))
            let ticket = try await plant.gemba("line", "ticket", "show", String(id.prefix(31)), "--json").object
            #expect(ticket["phase"] as? String == "acknowledged")
            #expect(ticket["responsible"] as? String == "marek")
            let history = try #require(ticket["history"] as? [[String: Any]])
            #expect(history.map { $0["by"] as? String } == ["ewa", "marek"])
            #expect(history.map { $0["station"] as? String } == ["L3", "IT"])

            // The daemon writes down what peers acknowledged once a second.
            #expect(
                try await eventually {
                    try await plant.gemba("line", "status", "--json").object["unsent"] as? Int == 0
                })
            for machine in ["it", "line"] { try await plant.gemba(machine, "verify") }
            #expect(try await hub.stop().status == 0)
            #expect(try await line.stop().status == 0)
        }
    }

    @Test("Two stations that never meet agree through a relay, which knows none of the tables (G12)")
    func relay() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.join("hub", role: "relay", name: "", at: founder.endpoint)
            let hub = try await plant.start("hub", as: .relay)
            let invitation = try await plant.gemba("it", "invite", "--role", "station", "--name", "L3")
            #expect(
                try await eventually {
                    try await plant.run(.relay, "hub", ["digest", "--json"]).object["roster"] as? String
                        == plant.gemba("it", "digest", "--json").object["roster"] as? String
                })
            try await founder.stop()

            // The inviter is gone: the relay takes the joiner in, on the strength of the inviter's signed act.
            try await plant.gemba("line", "join", "--peer", try relayPeer(plant, hub), input: invitation.out)
            let line = try await plant.start("line", at: nil, peers: [hub.endpoint])
            try await plant.gemba("line", "report", "scanner beeps twice", "--area", "line3")
            #expect(try await eventually { try await plant.logs("hub", of: .relay) == plant.logs("line") })
            try await line.stop()

            _ = try await plant.start("it", at: nil, peers: [hub.endpoint])
            #expect(try await plant.agree("it", "line", changes: 1))
            #expect(try await plant.gemba("it", "ticket", "list", "--json").objects.count == 1)
            #expect(try await plant.logs("hub", of: .relay) == plant.logs("line"))
            #expect(try await plant.run(.relay, "hub", ["verify", "--json"]).object["sound"] as? Bool == true)
            #expect(try await plant.run(.relay, "hub", ["member", "list", "--json"]).objects.count == 3)
        }
    }

    /// The relay's endpoint with its key, as its own status names it.
    private func relayPeer(_ plant: Machines, _ hub: Daemon) throws -> String {
        let marker = try #require(hub.process.errors.range(of: "key="))
        return hub.endpoint + "#" + hub.process.errors[marker.upperBound...].prefix(64)
    }

    @Test("With the relay gone, stations that know each other's endpoint meet directly (G16)")
    func withoutRelay() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.join("hub", role: "relay", name: "HUB")
            let hub = try await plant.start("hub", as: .relay)
            try await plant.join("line", name: "L3")
            try await hub.stop()
            _ = try await plant.start("line", peers: [hub.endpoint, founder.endpoint])
            try await plant.gemba("it", "report", "mail is slow", "--at", "MX1")
            try await plant.gemba("line", "report", "scale shows zero", "--at", "L3-SC1")
            #expect(try await plant.agree("it", "line", changes: 2))
            #expect(try await plant.gemba("line", "ticket", "list", "--json").objects.count == 2)
        }
    }

    @Test("A folder that a relay's program filled shows its tickets as soon as a station's program opens it (G18)")
    func laterSchema() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.gemba("it", "report", "mail is slow", "--at", "MX1")
            let invitation = try await plant.gemba("it", "invite", "--role", "station", "--name", "L3")
            try await plant.run(.relay, "line", ["join"], input: invitation.out)
            let blind = try await plant.start("line", as: .relay, peers: [founder.endpoint])
            #expect(try await plant.agree("it", "line", changes: 1))
            try await blind.stop()
            let tickets = try await plant.gemba("line", "ticket", "list", "--json").objects
            #expect(tickets.map { $0["title"] as? String } == ["mail is slow"])
            #expect(try await plant.agree("it", "line", changes: 1))
        }
    }

    @Test("Many commands and a daemon write to one database at once, and nothing is lost or numbered twice (G1)")
    func concurrentWriters() async throws {
        try await Machines.withPlant { plant in
            let founder = try await plant.start("it")
            try await plant.join("line", name: "L3")
            _ = try await plant.start("line", peers: [founder.endpoint])
            let numbers = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<12 {
                    group.addTask {
                        try await plant.gemba(
                            index.isMultiple(of: 2) ? "line" : "it", "report", "report \(index)", "--at", "X", "--json"
                        ).object["number"] as? String ?? ""
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(numbers).count == 12)
            #expect(try await plant.agree("it", "line", changes: 12))
        }
    }

    @Test("A second daemon on a folder is refused, and the first one stops cleanly")
    func oneDaemon() async throws {
        try await Machines.withPlant { plant in
            let daemon = try await plant.start("it")
            let second = try await plant.gemba("it", "run", expecting: 1)
            #expect(second.err.contains("already serves"))
            let taken = try await plant.gemba("other", "init", "--plant", "P", "--station", "S")
            #expect(taken.out.contains("Plant P"))
            try await plant.gemba("other", "run", "--listen", daemon.endpoint, expecting: 1)
            #expect(try await plant.gemba("it", "status", "--json").object["daemon"] as? Bool == true)
            #expect(try await daemon.stop().status == 0)
            #expect(try await plant.gemba("it", "status", "--json").object["daemon"] as? Bool == false)
        }
    }
}
