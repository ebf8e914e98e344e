import Foundation
import Testing

/// What people do about growth, with the programs that they have.
@Suite("Programs: lapse and drop", .timeLimit(.minutes(2)))
struct RetentionCommandTests {
    @Test("T8: a member is lapsed by a person who was told its age, and returns by itself when it has caught up")
    func lapse() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3")
            let before = try await plant.gemba("it", "member", "list", "--json").objects
            #expect(before.map { $0["state"] as? String } == ["active", "active"])
            #expect(before.allSatisfy { $0["lastWord"] is String })

            let young = try await plant.gemba("it", "member", "lapse", "L3", expecting: 4)
            #expect(young.err.contains("45 days") && young.err.contains("--force"))
            try await plant.gemba("it", "member", "lapse", "L9", "--force", expecting: 3)
            try await plant.gemba("it", "member", "lapse", "IT", "--force", expecting: 4)
            let lapsed = try await plant.gemba(
                "it", "member", "lapse", "L3", "--force", "--because", "in a locker", "--by", "marek", "--json")
            #expect(try lapsed.object["state"] as? String == "lapsed")
            try await plant.gemba("it", "member", "lapse", "L3", "--force", expecting: 4)
            let listed =
                try await plant.gemba("it", "member", "list", "--json").objects.last?["lapse"] as? [String: Any]
            #expect(listed?["by"] as? String == "marek" && listed?["reason"] as? String == "in a locker")
            #expect(try await plant.gemba("it", "member", "list").out.contains("lapsed"))

            try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2")
            _ = try await plant.start("line", peers: [hub.endpoint])
            #expect(
                try await eventually {
                    try await plant.gemba("it", "member", "list", "--json").objects
                        .allSatisfy { $0["state"] as? String == "active" }
                })
            #expect(try await plant.agree("it", "line"))
            try await plant.gemba("line", "member", "lapse", "IT", "--force", expecting: 4)
        }
    }

    @Test("A station retires itself when nothing is only with it, or when somebody gives that up")
    func retire() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            for (machine, name) in [("line", "L3"), ("laptop", "L4")] {
                try await plant.join(machine, name: name)
                try await plant.gemba(machine, "report", "belt torn", "--at", "L3-PRN2")
            }
            let refused = try await plant.gemba("line", "member", "retire", "L3", expecting: 4)
            #expect(refused.err.contains("1 change is") && refused.err.contains("--force"))
            _ = try await plant.start("line", peers: [hub.endpoint])
            #expect(
                try await eventually {
                    try await plant.gemba("line", "status", "--json").object["unsent"] as? Int == 0
                })
            let retired = try await plant.gemba("line", "member", "retire", "L3", "--json")
            #expect(try retired.object["state"] as? String == "retired")
            try await plant.gemba("laptop", "member", "retire", "L4", "--force")
        }
    }

    @Test("M16: compact shows what a drop would do, and only an administrator's station does it")
    func drop() async throws {
        try await Machines.withPlant { plant in
            let preview = try await plant.gemba("it", "compact", "--drop-deleted", "--dry-run", "--json").object
            #expect(preview["rows"] as? Int == 0 && preview["dryRun"] as? Bool == true)
            #expect(preview["obstacles"] as? [String] == [])
            let done = try await plant.gemba("it", "compact", "--drop-deleted", "--because", "spring")
            #expect(done.out.contains("Dropped 0 of 0 deleted rows"))
            try await plant.gemba("it", "compact", "--drop-deleted", "--without", "L3", expecting: 2)
            try await plant.gemba("it", "compact", "--because", "spring", expecting: 2)
            _ = try await plant.start("it")
            try await plant.join("line", name: "L3")
            let refused = try await plant.gemba("line", "compact", "--drop-deleted", expecting: 4)
            #expect(refused.err.contains("administrator"))
        }
    }
}
