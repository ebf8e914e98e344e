import GembaCausality
import GembaTrust
import GembaWire

/// Ways to damage a run by somebody who knows what it means, and has a key of its own.
enum RunMutation: CaseIterable {
    case takeAnotherSignature
    case signAgain
    case renumber
    case moveToAnotherLog
    case swapEntries
    case dropEntry
    case repeatEntry
    case takeAnotherEntry
    case changeDeps
    case changeCoding
    case seal
    case changeBody
    case followAnother
    case cutAnywhere
    case pretendGenesis

    func apply(to run: inout Run, of logs: SampleLogs, using random: inout SeededGenerator) {
        let other = logs.logs[random.below(logs.logs.count)]
        let place = random.below(run.entries.count)
        switch self {
        case .takeAnotherSignature: run.signature = random.pick(other.heads)?.signature ?? run.signature
        case .signAgain:
            let hash = other.hashes[random.below(other.hashes.count)]
            let head = other.identity.signHead(
                replica: run.replica, sequence: run.last, hash: hash, plant: logs.plant)
            run.signature = head.signature
        case .renumber: move(&run, to: SequenceNumber(random.below(40)), hash: other.hashes[0])
        case .moveToAnotherLog: run.replica = other.replica
        case .swapEntries: run.entries.swapAt(place, random.below(run.entries.count))
        case .dropEntry: if run.entries.count > 1 { run.entries.remove(at: place) }
        case .repeatEntry: run.entries.insert(run.entries[place], at: place)
        case .takeAnotherEntry: run.entries[place] = random.pick(other.entries) ?? []
        case .changeDeps:
            let hash = other.hashes[random.below(other.hashes.count)]
            let dep = ChangeReference(replica: other.replica, sequence: random.next() >> 40, prefix: hash.prefix)
            change(&run.entries[place]) { $0.deps = $0.deps.isEmpty ? [dep] : [] }
        case .changeCoding:
            change(&run.entries[place]) { $0.coding = $0.coding == .identity ? .zstandard : .identity }
        case .seal:
            let seal = SealParameters(epoch: EpochID(rawValue: 1), nonce: random.bytes(12))
            change(&run.entries[place]) { $0.seal = $0.seal == nil ? seal : nil }
        case .changeBody:
            let mutation = ByteMutation.allCases[random.below(ByteMutation.allCases.count)]
            let piece = run.signature
            change(&run.entries[place]) { mutation.apply(to: &$0.body, other: piece, using: &random) }
        case .followAnother: if run.first > 0 { run.previous = other.hashes[random.below(other.hashes.count)].prefix }
        case .cutAnywhere: run.entries.removeLast(random.below(run.entries.count))
        case .pretendGenesis: move(&run, to: 0, hash: other.hashes[0])
        }
    }

    /// A run that does not begin with a genesis names what it follows, or it has no encoding.
    private func move(_ run: inout Run, to first: SequenceNumber, hash: ChangeHash) {
        run.first = first
        run.previous = first == 0 ? nil : run.previous ?? hash.prefix
    }

    private func change(_ encoded: inout [UInt8], _ body: (inout Entry) -> Void) {
        guard var entry = try? Entry(decoding: encoded) else { return }
        body(&entry)
        entry.body = Array(entry.body.prefix(Limits.bodyBytes))
        encoded = entry.encoded()
    }
}
