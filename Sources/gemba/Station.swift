import Gemba
import GembaCommands

/// The station's and liaison's program: it knows tickets.
enum Station: Program {
    static let name = "gemba"
    static let schema = Floor.schema

    /// The tickets of a data folder.
    ///
    /// - Throws: ``CommandFailure`` when the machine is a relay, which has none.
    static func tickets(_ data: DataOptions) throws -> Tickets {
        let replica = try open(data)
        guard !replica.schema.tables.isEmpty else {
            throw CommandFailure(.refused, "This machine is a relay, which knows nothing of tickets. Ask at a station.")
        }
        return Tickets(replica)
    }

    static func row(named name: String, in table: String, of replica: Replica) throws -> RowID? {
        guard table == "ticket" else { return nil }
        do {
            return try Tickets(replica).find(name)
        } catch let error as FloorError where error.code == .notFound {
            return nil
        }
    }

    static func name(of row: RowID, in table: String, of replica: Replica) -> String? {
        guard table == "ticket" else { return nil }
        return try? Tickets(replica).show(row).summary.shownNumber
    }
}
