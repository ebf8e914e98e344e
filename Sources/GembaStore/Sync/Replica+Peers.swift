public import GembaCausality
import GembaTrust
public import GembaWire

extension Replica {
    /// What a node remembered of its peers, by station, in the node's own form.
    public func peerRecords() throws -> [StationKey: String] {
        try withReader { context in
            var records: [StationKey: String] = [:]
            try context.connection.statement("SELECT station, status FROM gemba_peer").forEach { row in
                records[try row.fixed(0)] = row.text(1)
            }
            return records
        }
    }

    /// What the node that runs on this replica, or ran last, wrote down of itself; nil when none ever did.
    public func nodeRecord() throws -> String? {
        try withReader { context in
            try context.connection.statement("SELECT status FROM gemba_node WHERE id = 1").first { $0.text(0) }
        }
    }

    /// Remembers what a node knows of itself and of its peers.
    public func save(nodeRecord: String, peerRecords records: [StationKey: String]) throws {
        try write { context in
            try context.connection.statement("INSERT OR REPLACE INTO gemba_node (id, status) VALUES (1, ?)")
                .bind(1, nodeRecord).run()
            for (station, status) in records {
                try context.connection.statement("INSERT OR REPLACE INTO gemba_peer (station, status) VALUES (?, ?)")
                    .bind(1, station).bind(2, status).run()
            }
        }
    }

    /// The data logs of this station, those of earlier incarnations and branches included.
    public func ownDataReplicas() throws -> [ReplicaID] {
        try withReader { context in
            try context.log.tips(of: identity.stationKey).filter { $0.kind == .data }
                .flatMap { try context.log.ends(of: $0).map(\.replica) }
        }
    }

    /// How many of this station's changes no peer has acknowledged.
    ///
    /// - Parameter acknowledged: up to where any peer holds each own log.
    public func unsentCount(acknowledged: VersionVector) throws -> UInt64 {
        try withReader { context in
            try context.log.tips(of: identity.stationKey).filter { $0.kind == .data }.reduce(0) { total, tip in
                let before = try context.log.branches().beginning(of: tip.number).map { $0.first - 1 } ?? 0
                let held = try context.log.coverage(of: tip.number, by: acknowledged) ?? before
                return total + (tip.sequence > held ? tip.sequence - held : 0)
            }
        }
    }
}
