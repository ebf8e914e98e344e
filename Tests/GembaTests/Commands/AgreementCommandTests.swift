import Foundation
import GRDB
import Testing

@testable import GembaStore

/// Whether two machines have the same rows, asked with the programs that people have.
@Suite("Programs: diff", .timeLimit(.minutes(3)))
struct AgreementCommandTests {
    @Test(
        "G22: machines that agree say so, a row that was changed behind one's back is named and repaired, and others cannot be asked"
    )
    func diff() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3")
            try await plant.gemba("it", "report", "label printer dead", "--at", "L3-PRN2")
            try await plant.gemba("line", "diff", hub.endpoint)
            let named = try await plant.gemba("line", "diff", "IT", "--json").object
            #expect(named["verdict"] as? String == "equal" && named["peer"] as? String == "IT")

            // A program that has the library in it and writes around it: the checksums of pages are right, and rows are not.
            let path = plant.data("line") + "/replica.sqlite"
            _ = try CheckedFiles.watch(path)
            let queue = try DatabaseQueue(path: path)
            try await queue.write { database in
                for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
                {
                    try database.execute(sql: "DROP TRIGGER \"\(name)\"")
                }
                try database.execute(sql: "UPDATE ticket SET title = 'all is well'")
            }
            try queue.close()
            let repaired = try await plant.gemba("line", "diff", "IT")
            #expect(repaired.out.contains("title") && repaired.out.contains("made anew"))
            #expect(repaired.out.contains("All rows are equal"))
            #expect(try await plant.gemba("line", "ticket", "list").out.contains("label printer dead"))
            #expect(try await plant.gemba("line", "doctor").out.contains("made anew"))

            try await plant.gemba("line", "diff", "L3", expecting: 2)
            try await plant.gemba("line", "diff", "L9", expecting: 3)
            await #expect(throws: Never.self) { try await hub.stop() }
            let silent = try await plant.gemba("line", "diff", "IT", "--timeout", "2s", expecting: 6)
            #expect(silent.err.contains("could not be reached"))
            // Who listens nowhere cannot be asked.
            try await plant.gemba("it", "diff", "L3", expecting: 6)
        }
    }
}
