import GembaCausality
import GembaWire

/// The small numbers that stand for replica ids inside one database file.
///
/// A number is given when a replica's genesis is stored and never changes, so positive answers may be remembered; they
/// are forgotten when a transaction that gave numbers is rolled back.
final class ReplicaNumbers {
    private var numbers: [ReplicaID: Int64] = [:]
    private var replicas: [Int64: ReplicaID] = [:]
    private var kinds: [Int64: LogKind] = [:]
    /// What was asked last: most dots that follow one another are of one replica.
    private var last: (replica: ReplicaID, number: Int64)?

    func number(of replica: ReplicaID, on connection: Connection) throws -> Int64? {
        if let last, last.replica == replica { return last.number }
        if let number = numbers[replica] {
            last = (replica, number)
            return number
        }
        let statement = try connection.statement("SELECT id FROM gemba_replica WHERE replica = ?")
        if let number = try statement.bind(1, replica).first({ $0.int(0) }) {
            remember(replica, number)
            return number
        }
        // Another branch may have left this chain, and given its rest a name.
        let branch = try connection.statement("SELECT replica FROM gemba_branch WHERE name = ?")
        guard let number = try branch.bind(1, replica).first({ $0.int(0) }) else { return nil }
        numbers[replica] = number
        return number
    }

    func replica(_ number: Int64, on connection: Connection) throws -> ReplicaID {
        if let replica = replicas[number] { return replica }
        let statement = try connection.statement("SELECT replica FROM gemba_replica WHERE id = ?")
        guard let replica = try statement.bind(1, number).first({ try $0.fixed(0, as: ReplicaID.self) }) else {
            throw StoreError(.corrupted, "Replica number \(number) is unknown; run `gemba verify`.")
        }
        remember(replica, number)
        return replica
    }

    /// Which kind of log a number stands for.
    func kind(of number: Int64, on connection: Connection) throws -> LogKind? {
        if let kind = kinds[number] { return kind }
        let statement = try connection.statement("SELECT kind FROM gemba_replica WHERE id = ?")
        let kind =
            try statement.bind(1, number).first { LogKind(rawValue: UInt8(truncatingIfNeeded: $0.int(0))) } ?? nil
        kinds[number] = kind
        return kind
    }

    func local(_ dot: Dot, on connection: Connection) throws -> LocalDot {
        guard let number = try number(of: dot.replica, on: connection) else {
            throw StoreError(.corrupted, "A change names replica \(dot.replica), which is not held.")
        }
        return LocalDot(replica: number, sequence: dot.sequence)
    }

    func global(_ dot: LocalDot, on connection: Connection) throws -> Dot {
        Dot(try replica(dot.replica, on: connection), dot.sequence)
    }

    func remember(_ replica: ReplicaID, _ number: Int64) {
        numbers[replica] = number
        replicas[number] = replica
    }

    func forgetAll() {
        numbers.removeAll()
        replicas.removeAll()
        kinds.removeAll()
        last = nil
    }
}
