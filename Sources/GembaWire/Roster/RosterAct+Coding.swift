internal import GembaCausality

extension RosterAct: WireCodable {
    /// The numbers of the acts that this version knows.
    private enum Kind: UInt64 {
        case invite = 1
        case join = 2
        case admit = 3
        case close = 4
        case endpoints = 5
        case epoch = 6
        case revoke = 8
        case retire = 9
        case lapse = 10
        case returned = 11
        case rekey = 12
        case reinstate = 14
        case policy = 15

        /// Elements after the kind.
        var fields: Int {
            switch self {
            case .returned: 0
            case .admit, .close: 1
            case .endpoints, .epoch, .revoke, .retire, .lapse, .reinstate, .policy: 2
            case .join, .rekey: 3
            case .invite: 4
            }
        }
    }

    /// Arrays around an act: the body and its list of acts.
    private static let depth = 2

    // MARK: - Encoding

    /// Appends the act: its kind, then its fields.
    public func encode(into encoder: inout CBOREncoder) {
        if case .unknown(_, let encoded) = self { return encoder.raw(encoded) }
        encoder.array(count: 1 + kind.fields)
        encoder.unsigned(kind.rawValue)
        encodeFields(into: &encoder)
    }

    private var kind: Kind {
        switch self {
        case .invite: .invite
        case .join: .join
        case .admit: .admit
        case .close: .close
        case .endpoints: .endpoints
        case .epoch: .epoch
        case .revoke: .revoke
        case .retire: .retire
        case .lapse: .lapse
        case .returned: .returned
        case .rekey: .rekey
        case .reinstate: .reinstate
        case .policy: .policy
        case .unknown: preconditionFailure("an act of an unknown kind is written as it was read")
        }
    }

    private func encodeFields(into encoder: inout CBOREncoder) {
        switch self {
        case .invite(let key, let role, let name, let validForSeconds):
            encoder.fixed(key)
            role.encode(into: &encoder)
            encoder.text(name, maximum: Limits.nameBytes)
            encoder.unsigned(validForSeconds)
        case .join(let invite, let member, let signature):
            precondition(signature.count == SignedHead.signatureBytes, "a join is signed with \(signature.count) bytes")
            encoder.fixed(invite)
            member.encode(into: &encoder)
            encoder.byteString(signature)
        case .admit(let replica):
            encoder.fixed(replica)
        case .close(let invite):
            encoder.fixed(invite)
        case .endpoints(let counter, let addresses):
            encoder.unsigned(counter)
            encoder.array(count: addresses.count)
            for address in addresses { encoder.text(address) }
        case .epoch(let epoch, let wraps):
            precondition(Self.areAcceptable(wraps), "\(wraps.count) wraps, or wraps that are not sorted")
            encoder.fixed(epoch)
            encoder.list(wraps)
        case .revoke(let station, let cut), .retire(let station, let cut):
            encoder.fixed(station)
            encoder.references(cut)
        case .lapse(let station, let head):
            encoder.fixed(station)
            encoder.optional(head)
        case .rekey(let counter, let transport, let sealing):
            encoder.unsigned(counter)
            encoder.fixed(transport)
            encoder.fixed(sealing)
        case .reinstate(let station, let removals):
            precondition(Self.areAcceptable(removals), "\(removals.count) removals, or removals that are not sorted")
            encoder.fixed(station)
            encoder.list(removals)
        case .policy(let counter, let flags):
            encoder.unsigned(counter)
            encoder.unsigned(flags.rawValue)
        case .returned, .unknown:
            break
        }
    }

    // MARK: - Decoding

    /// Reads an act; one of an unknown kind is checked for form and kept.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        let beginning = decoder
        let count = try decoder.array()
        guard count > 0 else { throw decoder.failure(.invalid("an act has no kind")) }
        let number = try decoder.unsigned()
        guard number > 0 else { throw decoder.failure(.invalid("an act is of kind 0")) }
        do throws(WireError) {
            guard let kind = Kind(rawValue: number) else {
                throw decoder.failure(.invalid("an act is of an unknown kind"))
            }
            guard count == 1 + kind.fields else {
                throw decoder.failure(.invalid("an act has another number of fields"))
            }
            self = try Self.known(kind, from: &decoder)
        } catch  where number > Kind.endpoints.rawValue {
            // Bodies that were valid before later kinds were specified stay valid.
            decoder = beginning
            self = .unknown(kind: number, encoded: Array(try decoder.skipItem(depth: Self.depth)))
        }
    }

    private static func known(_ kind: Kind, from decoder: inout CBORDecoder) throws(WireError) -> RosterAct {
        switch kind {
        case .invite:
            .invite(
                key: try decoder.fixed(), role: try Role(from: &decoder),
                name: try decoder.text(maximum: Limits.nameBytes), validForSeconds: try decoder.unsigned())
        case .join:
            .join(
                invite: try decoder.fixed(), member: try Member(from: &decoder),
                signature: Array(try decoder.byteString(count: SignedHead.signatureBytes)))
        case .admit:
            .admit(replica: try decoder.fixed())
        case .close:
            .close(invite: try decoder.fixed())
        case .endpoints:
            .endpoints(
                counter: try decoder.unsigned(),
                addresses: try decoder.list { (decoder) throws(WireError) in try decoder.text() })
        case .epoch:
            .epoch(try decoder.fixed(), wraps: try wraps(from: &decoder))
        case .revoke:
            .revoke(station: try decoder.fixed(), cut: try decoder.references())
        case .retire:
            .retire(station: try decoder.fixed(), cut: try decoder.references())
        case .lapse:
            .lapse(station: try decoder.fixed(), head: try decoder.optional(ChangeReference.init(from:)))
        case .returned:
            .returned
        case .rekey:
            .rekey(counter: try decoder.unsigned(), transport: try decoder.fixed(), sealing: try decoder.fixed())
        case .reinstate:
            .reinstate(station: try decoder.fixed(), removals: try removals(from: &decoder))
        case .policy:
            .policy(counter: try decoder.unsigned(), flags: PlantPolicy(rawValue: try decoder.unsigned()))
        }
    }

    private static func wraps(from decoder: inout CBORDecoder) throws(WireError) -> [EpochWrap] {
        let wraps = try decoder.nonEmptyList(of: EpochWrap.init(from:))
        guard areAcceptable(wraps) else {
            throw decoder.failure(.invalid("an epoch has too many wraps, or they are not sorted, one for each key"))
        }
        return wraps
    }

    private static func removals(from decoder: inout CBORDecoder) throws(WireError) -> [ChangeReference] {
        let removals = try decoder.nonEmptyList(of: ChangeReference.init(from:))
        guard areAcceptable(removals) else { throw decoder.failure(.invalid("removals are not sorted, one each")) }
        return removals
    }

    private static func areAcceptable(_ wraps: [EpochWrap]) -> Bool {
        (1...Limits.epochWraps).contains(wraps.count) && wraps.isStrictlyAscending(by: \.recipient)
    }

    /// Unlike the cut of a removal it may name several entries of one log: an author removes a station anew to move the cut.
    private static func areAcceptable(_ removals: [ChangeReference]) -> Bool {
        !removals.isEmpty
            && zip(removals, removals.dropFirst()).allSatisfy { left, right in
                (left.replica, left.sequence) < (right.replica, right.sequence)
            }
    }

    /// What the invite key signs for a joining station.
    public static func joinSignedBytes(plant: PlantID, station: StationKey, member: Member) -> [UInt8] {
        Member.joinSignedBytes(plant: plant, station: station, member: member)
    }
}
