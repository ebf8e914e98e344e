internal import GembaCausality

extension RosterBody: WireCodable {
    /// Appends `[timestamp, lamport, 0, actor, reason, acts]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(!acts.isEmpty, "a roster entry without acts")
        precondition(lamport > 0, "only a genesis has lamport number 0")
        encoder.array(count: 6)
        encoder.unsigned(timestamp.rawValue)
        encoder.unsigned(lamport)
        encoder.unsigned(0)
        encoder.text(actor, maximum: Limits.actorBytes)
        encoder.text(reason, maximum: Limits.reasonBytes)
        encoder.list(acts)
    }

    /// Reads a roster body.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 6)
        let timestamp = HybridTimestamp(rawValue: try decoder.unsigned())
        let lamport = try decoder.unsigned()
        guard lamport > 0 else { throw decoder.failure(.outOfRange) }
        guard try decoder.unsigned() == 0 else { throw decoder.failure(.unsupportedVersion) }
        self.init(
            timestamp: timestamp, lamport: lamport,
            actor: try decoder.text(maximum: Limits.actorBytes),
            reason: try decoder.text(maximum: Limits.reasonBytes),
            acts: try decoder.nonEmptyList(of: RosterAct.init(from:)))
    }
}

extension RosterAct: WireCodable {
    /// The numbers of the acts that this version knows.
    private enum Kind: UInt64 {
        case invite = 1
        case join = 2
        case admit = 3
        case close = 4
        case endpoints = 5
        case lapse = 10
        case returned = 11
    }

    /// Arrays around an act: the body and its list of acts.
    private static let depth = 2

    /// Appends the act: its kind, then its fields.
    public func encode(into encoder: inout CBOREncoder) {
        switch self {
        case .invite(let key, let role, let name, let validForSeconds):
            encoder.begin(Kind.invite, fields: 4)
            encoder.fixed(key)
            role.encode(into: &encoder)
            encoder.text(name, maximum: Limits.nameBytes)
            encoder.unsigned(validForSeconds)
        case .join(let invite, let member, let signature):
            precondition(signature.count == SignedHead.signatureBytes, "a join is signed with \(signature.count) bytes")
            encoder.begin(Kind.join, fields: 3)
            encoder.fixed(invite)
            member.encode(into: &encoder)
            encoder.byteString(signature)
        case .admit(let replica):
            encoder.begin(Kind.admit, fields: 1)
            encoder.fixed(replica)
        case .close(let invite):
            encoder.begin(Kind.close, fields: 1)
            encoder.fixed(invite)
        case .endpoints(let counter, let addresses):
            encoder.begin(Kind.endpoints, fields: 2)
            encoder.unsigned(counter)
            encoder.array(count: addresses.count)
            for address in addresses { encoder.text(address) }
        case .lapse(let station, let head):
            encoder.begin(Kind.lapse, fields: 2)
            encoder.fixed(station)
            encoder.optional(head)
        case .returned:
            encoder.begin(Kind.returned, fields: 0)
        case .unknown(_, let encoded):
            encoder.raw(encoded)
        }
    }

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
            self = try Self.act(kind, items: count, from: &decoder)
        } catch  where number > Kind.endpoints.rawValue {
            // Bodies that were valid before later kinds were specified stay valid.
            decoder = beginning
            self = .unknown(kind: number, encoded: Array(try decoder.skipItem(depth: Self.depth)))
        }
    }

    private static func act(
        _ kind: Kind, items count: Int, from decoder: inout CBORDecoder
    ) throws(WireError) -> RosterAct {
        let fields =
            switch kind {
            case .invite: 4
            case .join: 3
            case .admit, .close: 1
            case .endpoints, .lapse: 2
            case .returned: 0
            }
        guard count == 1 + fields else { throw decoder.failure(.invalid("an act has another number of fields")) }
        return try known(kind, from: &decoder)
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
        case .lapse:
            .lapse(station: try decoder.fixed(), head: try decoder.optional(ChangeReference.init(from:)))
        case .returned:
            .returned
        }
    }

    /// What the invite key signs for a joining station.
    public static func joinSignedBytes(plant: PlantID, station: StationKey, member: Member) -> [UInt8] {
        Member.joinSignedBytes(plant: plant, station: station, member: member)
    }
}

extension CBOREncoder {
    /// Begins an act: its kind and as many fields.
    fileprivate mutating func begin(_ kind: some RawRepresentable<UInt64>, fields: Int) {
        array(count: 1 + fields)
        unsigned(kind.rawValue)
    }
}
