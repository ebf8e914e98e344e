public import GembaCausality
public import GembaWire

/// A run whose entries were decoded, whose chain fits what is held and whose head its station signed (L4).
public struct VerifiedRun: Sendable {
    /// The log's replica.
    public let replica: ReplicaID
    /// The sequence number of the first entry.
    public let first: SequenceNumber
    /// The entries with their hashes.
    public let entries: [(entry: Entry, hash: ChangeHash)]
    /// The signed head at the last entry.
    public let head: SignedHead
    /// The genesis, when the run begins with it.
    public let genesis: Genesis?
    /// The station whose log it is.
    public let station: StationKey

    /// What is held of a log, at the entry before a run.
    public struct Predecessor: Sendable {
        /// The hash of the entry before the run.
        public var hash: ChangeHash
        /// The station that the log's genesis names.
        public var station: StationKey

        /// Creates a predecessor.
        public init(hash: ChangeHash, station: StationKey) {
            self.hash = hash
            self.station = station
        }
    }

    /// Verifies a run.
    ///
    /// - Parameters:
    ///   - kind: The kind of log that the run has to be of.
    ///   - predecessor: What is held at the entry before the run; nil for a run that begins with the genesis.
    /// - Throws: ``TrustError/Code/invalidRun``.
    public init(
        verifying run: Run, kind: LogKind, plant: PlantID, after predecessor: Predecessor?
    ) throws(TrustError) {
        do throws(WireError) {
            try self.init(checking: run, kind: kind, plant: plant, after: predecessor)
        } catch {
            throw TrustError(
                .invalidRun, "A run of replica \(run.replica) from \(run.first) is not acceptable: \(error.message).",
                cause: error)
        }
        guard HeadVerification.isValid(head, by: station, plant: plant) else {
            throw TrustError(
                .invalidRun,
                "The head of replica \(replica) at \(head.sequence) is not signed by its station, or for another plant."
            )
        }
    }

    private init(
        checking run: Run, kind: LogKind, plant: PlantID, after predecessor: Predecessor?
    ) throws(WireError) {
        guard !run.entries.isEmpty, run.first <= SequenceNumber(Int64.max) - SequenceNumber(run.entries.count) else {
            throw WireError(.invalid("the run is empty or passes the last sequence number"), offset: 0)
        }
        guard (run.first == 0) == (predecessor == nil), run.previous == predecessor?.hash.prefix else {
            throw WireError(.invalid("the run does not follow what is held"), offset: 0)
        }
        var entries: [(entry: Entry, hash: ChangeHash)] = []
        entries.reserveCapacity(run.entries.count)
        var previous = predecessor?.hash ?? .beforeGenesis
        for (sequence, encoded) in zip(run.first..., run.entries) {
            let entry = try Entry(decoding: encoded)
            let replica = sequence == 0 ? nil : run.replica
            try entry.validate(in: kind, of: replica, at: sequence)
            previous = entry.hash(replica: replica, sequence: sequence, previous: previous)
            entries.append((entry, previous))
        }
        let genesis = run.first == 0 ? try Genesis(decoding: entries[0].entry.body) : nil
        if let genesis {
            try Self.check(genesis, hash: entries[0].hash, of: run.replica, kind: kind, plant: plant)
        }
        guard let station = genesis?.station ?? predecessor?.station else {
            throw WireError(.invalid("the run's station is unknown"), offset: 0)
        }
        self.replica = run.replica
        self.first = run.first
        self.entries = entries
        self.head = SignedHead(
            replica: run.replica, sequence: run.last, hash: previous, signature: run.signature)
        self.genesis = genesis
        self.station = station
    }

    private static func check(
        _ genesis: Genesis, hash: ChangeHash, of replica: ReplicaID, kind: LogKind, plant: PlantID
    ) throws(WireError) {
        guard hash.replica == replica else {
            throw WireError(.invalid("the replica is not named after its genesis"), offset: 0)
        }
        guard genesis.kind == kind else { throw WireError(.invalid("the log is of another kind"), offset: 0) }
        guard (genesis.plant ?? hash.plant) == plant else {
            throw WireError(.invalid("the log belongs to another plant"), offset: 0)
        }
        guard genesis.station.isAcceptable else {
            throw WireError(.invalid("the station's key is not canonical or of small order"), offset: 0)
        }
    }
}
