internal import GembaCausality
internal import GembaWire

/// The last step of folding a roster: what members say about themselves and how they are shown.
struct RosterDescription {
    /// The settled members, former ones among them, with endpoints, keys and display names.
    private(set) var members: [StationKey: RosterMember]

    private let reading: RosterReading

    init(_ reading: RosterReading, _ settlement: RosterSettlement) {
        self.reading = reading
        members = settlement.members
        for author in settlement.authorities { describe(author) }
        for (station, lapse) in RosterLapses(reading, settlement).standing { members[station]?.lapse = lapse }
        nameMembers()
    }

    /// Takes in the endpoints and keys that a member states: those of the act with the greatest counter, and of several the
    /// latest. Sealing keys are kept in this order, so that the newest is the last.
    private mutating func describe(_ author: RosterAuthority) {
        guard var member = members[author.station] else { return }
        typealias Keys = (transport: TransportKey, sealing: SealingKey, counter: UInt64, order: RosterOrder)
        var endpoints = NewestStatement<[String]>()
        var keys: [Keys] = []
        for voice in author.voices {
            for (place, act, _) in reading.acts(of: voice) {
                switch act {
                case .endpoints(let counter, let addresses) where Self.areAcceptable(addresses):
                    endpoints.consider(addresses, counter: counter, order: reading.order(of: place))
                case .rekey(let counter, let transport, let sealing)
                where transport.isAcceptable && sealing.isAcceptable:
                    keys.append((transport, sealing, counter, reading.order(of: place)))
                default:
                    continue
                }
            }
        }
        member.endpoints = endpoints.content ?? []
        for (transport, sealing, _, _) in keys.sorted(by: { ($0.counter, $0.order) < ($1.counter, $1.order) }) {
            member.transport = transport
            member.sealing = sealing
            member.sealingKeys.removeAll { $0 == sealing }
            member.sealingKeys.append(sealing)
        }
        members[author.station] = member
    }

    private static func areAcceptable(_ addresses: [String]) -> Bool {
        addresses.count <= RosterMember.maximumEndpoints
            && addresses.allSatisfy { address in
                (1...RosterMember.maximumEndpointBytes).contains(address.utf8.count)
                    && address.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            }
    }

    /// Gives each member the first of `L3`, `L3b`, `L3c`, … that no member before it has. The order is that of
    /// enrolment: the founder, then by height in the causal graph, which extends causality, then by rank. So nobody who
    /// enrols later changes how another is shown.
    private mutating func nameMembers() {
        let ordered = members.values.sorted { left, right in
            let heights = (height(of: left), height(of: right))
            return heights.0 == heights.1 ? left.rank < right.rank : heights.0 < heights.1
        }
        var taken: Set<[UInt8]> = []
        for member in ordered {
            var number = 1
            while !taken.insert(Self.likeness(member.name + Self.suffix(number))).inserted { number += 1 }
            members[member.station]?.displayName = member.name + Self.suffix(number)
        }
    }

    private func height(of member: RosterMember) -> Int {
        guard member.rank.depth > 0, let log = reading.causality.index[member.rosterReplica] else { return -1 }
        return reading.causality.height(of: log, at: JoinClaim.sequence)
    }

    /// Names that differ only in the case of ASCII letters are one name over the radio. Bytes are compared, because
    /// `String` compares by Unicode tables that change.
    private static func likeness(_ name: String) -> [UInt8] {
        name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Nothing for the first of a name, `b` to `z` for the next ones, then `-27` and so on.
    private static func suffix(_ number: Int) -> String {
        switch number {
        case 1: ""
        case 2...26: String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number - 1)))
        default: "-\(number)"
        }
    }
}
