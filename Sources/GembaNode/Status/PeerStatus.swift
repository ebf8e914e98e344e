import Foundation
import GembaCausality
public import GembaStore
public import GembaWire

/// What is known of a peer's state, for people. It is kept in the database so that other processes can show it.
public struct PeerStatus: Codable, Hashable, Sendable {
    /// Whether a session is open.
    public var isConnected = false
    /// Where the peer was dialled; nil when it dialled us.
    public var endpoint: String?
    /// Milliseconds since 1970, by this node's wall clock, when the peer was last heard of.
    public var lastContact: UInt64?
    /// How many changes the peer had, when last compared, that were missing here.
    public var behind: UInt64 = 0
    /// By replica, in hexadecimal: up to where the peer holds the logs of this station.
    public var acknowledged: [String: UInt64] = [:]
    /// How far the peer's wall clock is ahead of ours, in milliseconds.
    public var clockOffset: Int64?
    /// The round trip on which the estimate rests, in milliseconds.
    public var roundTrip: Double?
    /// The logs, in hexadecimal, of which the peer was found to hold another history than this node, in this session or the
    /// last.
    public var forks: Set<String> = []
    /// What comparing rows with the peer came to; nil before the first comparison.
    public var agreement: AgreementRecord?
    /// Sessions that ended because of what the peer sent.
    public var violations = 0
    /// Whether changes of the station are left out, since this node started, because its logs take as much of this disk as
    /// they may.
    public var isOverQuota: Bool?
    /// Why the last session ended, in words.
    public var lastEnd: String?

    /// A peer that was never met.
    public init() {}
}

extension Replica {
    /// The peers as the node that runs on this replica last saw them.
    public func peers() throws -> [StationKey: PeerStatus] {
        var peers: [StationKey: PeerStatus] = [:]
        for (station, text) in try peerRecords() {
            peers[station] = try? JSONDecoder().decode(PeerStatus.self, from: Data(text.utf8))
        }
        return peers
    }

    /// How many of this station's changes no peer has acknowledged.
    public func unsentCount() throws -> UInt64 {
        var acknowledged = VersionVector()
        for status in try peers().values {
            for (name, sequence) in status.acknowledged {
                if let replica = ReplicaID(hexadecimal: name) { acknowledged.insert(Dot(replica, sequence)) }
            }
        }
        return try unsentCount(acknowledged: acknowledged)
    }

    /// What the node that runs on this replica has counted since it started, or the last one had.
    public func nodeCounters() throws -> EngineCounters {
        guard let text = try nodeRecord() else { return EngineCounters() }
        return (try? JSONDecoder().decode(EngineCounters.self, from: Data(text.utf8))) ?? EngineCounters()
    }

    /// Remembers the state of the node and of peers.
    func save(_ counters: EngineCounters, _ peers: [StationKey: PeerStatus]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var records: [StationKey: String] = [:]
        for (station, status) in peers {
            records[station] = String(decoding: try encoder.encode(status), as: UTF8.self)
        }
        try save(nodeRecord: String(decoding: try encoder.encode(counters), as: UTF8.self), peerRecords: records)
    }
}
