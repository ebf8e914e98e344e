public import GembaCausality
public import GembaWire

/// A roster log that was just made, signed and not yet stored: a founder's, a joiner's, or one of the
/// recovery key.
public struct NewRosterLog: Sendable {
    /// The log's replica.
    public let replica: ReplicaID
    /// The entries from 0 on.
    public let entries: [Entry]
    /// The hash of each entry.
    public let hashes: [ChangeHash]
    /// The signed head at the last entry.
    public let head: SignedHead

    /// Chains a genesis and the bodies that follow it, and signs the last.
    ///
    /// - Parameter bodies: The entries after the genesis, each with its deps.
    init(genesis: Genesis, bodies: [(body: RosterBody, deps: [ChangeReference])], signer: some HeadSigner) {
        var entry = Entry(deps: [], body: genesis.encoded())
        var hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        let replica = hash.replica
        let plant = genesis.plant ?? hash.plant
        var entries = [entry]
        var hashes = [hash]
        for (sequence, next) in zip(SequenceNumber(1)..., bodies) {
            entry = Entry(deps: next.deps, body: next.body.encoded())
            hash = entry.hash(replica: replica, sequence: sequence, previous: hash)
            entries.append(entry)
            hashes.append(hash)
        }
        self.replica = replica
        self.entries = entries
        self.hashes = hashes
        head = signer.signHead(
            replica: replica, sequence: SequenceNumber(bodies.count), hash: hash, plant: plant)
    }

    /// The whole log as one run, ready to be sent or stored.
    public var run: Run {
        Run(
            replica: replica, first: 0, previous: nil, entries: entries.map { $0.encoded() },
            signature: head.signature)
    }
}
