import Crypto
public import GembaCausality
public import GembaWire
extension Roster {
    private var acts: [(author: StationKey, epoch: EpochID, wraps: [EpochWrap], key: (UInt64, ChangeHash))] {
        logs.values.flatMap { log in log.entries.flatMap { e in (e.body?.acts ?? []).compactMap { a in
            if case .epoch(let id, let wraps) = a { (log.station, id, wraps, (e.body?.lamport ?? 0, e.hash)) } else { nil } } } }
            .filter { members[$0.author] != nil }
    }
    public var epochs: [EpochID: [EpochWrap]] { acts.reduce(into: [:]) { $0[$1.epoch, default: []] += $1.wraps } }
    public var usableEpochs: [EpochID] {
        var first: [EpochID: (UInt64, ChangeHash)] = [:]
        for a in acts { if first[a.epoch].map({ $0 > a.key }) ?? true { first[a.epoch] = a.key } }
        return first.sorted { $0.value > $1.value }.map(\.key)
    }
    public var membersEntitledToEpochs: [RosterMember] { members.values.filter { $0.may(.publishEpochs) } }
    public var epochsLacked: [(epoch: EpochID, members: [RosterMember])] {
        epochs.map { id, wraps in (id, membersEntitledToEpochs.filter { m in !wraps.contains { $0.recipient == m.sealing } }) }.filter { !$0.1.isEmpty }
    }
    public func key(of epoch: EpochID, for identity: StationIdentity) -> EpochKey? {
        for wrap in epochs[epoch] ?? [] where wrap.recipient == identity.sealingKey {
            if let key = EpochKey(unwrapping: wrap, of: epoch, in: plant, with: identity) { return key }
        }
        return nil
    }
}
