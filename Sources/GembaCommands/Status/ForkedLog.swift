import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// A log under whose name a station wrote several histories.
struct ForkedLog {
    let log: ReplicaID
    let station: StationKey
    /// What they have in common, and each of them, by where it begins.
    let branches: [Branch]

    /// The forked logs in the order of their ids.
    static func all(in branches: [Branch]) -> [ForkedLog] {
        Dictionary(grouping: branches, by: \.log).sorted { $0.key < $1.key }.compactMap { log, branches in
            branches.first.map { ForkedLog(log: log, station: $0.station, branches: branches) }
        }
    }

    /// The histories that exist: those that no fork ends.
    var ends: [Branch] { branches.filter { !$0.isClosed } }

    /// What there is, in words.
    func sentence(_ roster: Roster) -> String {
        let name = roster.members[station]?.displayName ?? "\(station)"
        let first = branches.dropFirst().map(\.first).min() ?? 0
        return "\(name) wrote \(ends.count) histories under one name, from change \(first) of \(log) on"
    }

    func json(_ roster: Roster) -> JSONValue {
        .object([
            ("log", .string("\(log)")), ("station", .text(roster.members[station]?.displayName)),
            (
                "branches",
                .array(
                    branches.map { branch in
                        .object([
                            ("name", .string("\(branch.name)")), ("first", .count(branch.first)),
                            ("last", .count(branch.last)), ("ends", .bool(branch.isClosed)),
                        ])
                    })
            ),
        ])
    }
}
