internal import GembaCausality
internal import GembaWire

/// The last step of folding a roster: what members say about themselves and how they are shown.
struct RosterDescription {
    /// The settled members with endpoints and display names.
    private(set) var members: [StationKey: RosterMember]

    private let reading: RosterReading

    init(_ reading: RosterReading, _ settlement: RosterSettlement) {
        self.reading = reading
        members = settlement.members
        for (station, voices) in settlement.voices {
            let endpoints = endpoints(of: voices)
            members[station]?.endpoints = endpoints
        }
        for (station, lapse) in RosterLapses(reading, settlement).standing { members[station]?.lapse = lapse }
        nameMembers()
    }

    /// The addresses of the act with the greatest counter; of several, the latest.
    private func endpoints(of voices: [(log: Int, first: Int)]) -> [String] {
        var best: (key: (UInt64, Int, ChangeHash, Int), addresses: [String])?
        for voice in voices {
            for (place, act, _) in reading.acts(of: voice.log, from: voice.first) {
                guard case .endpoints(let counter, let addresses) = act, Self.areAcceptable(addresses) else { continue }
                let height = reading.causality.height(of: place.log, at: place.sequence)
                let hash = reading.causality.logs[place.log].entries[place.sequence - 1].hash
                let key = (counter, height, hash, place.index)
                if best.map({ $0.key < key }) ?? true { best = (key, addresses) }
            }
        }
        return best?.addresses ?? []
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
