internal import GembaCausality
internal import GembaWire

/// Which epochs there are and who was given their keys, the union of all acts that count (T5); and the plant's policy.
struct RosterEpochs {
    private(set) var epochs: [EpochID: Epoch] = [:]
    let policy: PlantPolicy

    private typealias Statement = (order: RosterOrder, author: StationKey, made: HybridTimestamp, wraps: [EpochWrap])

    /// - Parameters:
    ///   - members: All that were ever members, with their keys.
    ///   - former: Those of them that are no more.
    init(
        _ reading: RosterReading, _ settlement: RosterSettlement, members: [StationKey: RosterMember],
        former: Set<StationKey>
    ) {
        var statements: [EpochID: [Statement]] = [:]
        var policy = NewestStatement<PlantPolicy>()
        for author in settlement.authorities {
            for (place, act, body) in author.voices.lazy.flatMap({ reading.acts(of: $0) }) {
                switch act {
                case .epoch(let id, let wraps) where author.may(.publishEpochs):
                    statements[id, default: []].append(
                        (reading.order(of: place), author.station, body.timestamp, wraps))
                case .policy(let counter, let flags) where author.may(.setPolicy):
                    policy.consider(flags, counter: counter, order: reading.order(of: place))
                default:
                    continue
                }
            }
        }
        self.policy = policy.content ?? []
        if statements.isEmpty { return }

        var holders: [SealingKey: Set<StationKey>] = [:]
        var trusted: Set<SealingKey> = []
        for member in members.values {
            for key in member.sealingKeys { holders[key, default: []].insert(member.station) }
            if member.may(.publishEpochs), !former.contains(member.station) { trusted.formUnion(member.sealingKeys) }
        }
        epochs = statements.reduce(into: [:]) { epochs, element in
            epochs[element.key] = Self.epoch(element.key, element.value, holders: holders, trusted: trusted)
        }
    }

    private static func epoch(
        _ id: EpochID, _ statements: [Statement], holders: [SealingKey: Set<StationKey>], trusted: Set<SealingKey>
    ) -> Epoch? {
        let statements = statements.sorted { $0.order < $1.order }
        guard let first = statements.first else { return nil }
        var wraps: [SealingKey: [EpochWrap]] = [:]
        for wrap in statements.flatMap(\.wraps) where wraps[wrap.recipient]?.contains(wrap) != true {
            wraps[wrap.recipient, default: []].append(wrap)
        }
        return Epoch(
            id: id, author: first.author, made: first.made, order: first.order, wraps: wraps,
            recipients: wraps.keys.reduce(into: []) { $0.formUnion(holders[$1] ?? []) },
            isUsable: trusted.isSuperset(of: wraps.keys))
    }
}
