internal import GembaCausality
public import GembaWire

/// All that a new station needs to join a plant, as one printable word (T6).
///
/// Whoever holds the token can use the invitation. It is read from standard input or a file, never from arguments or
/// the environment, where other users see it. The secret in it never leaves the joiner: what travels is a signature.
///
/// The payload of the printed form is deterministic CBOR
/// `[routes: [* [endpoint: tstr, transport key: bstr32]], plant: bstr32, role: uint, name: tstr, frontier: [+ ref],
/// lamport: uint, secret: bstr32]`. Role and name are those of the invite act; with them and the lamport number of the
/// frontier the joiner makes its whole roster log before it has met anybody, so that it can also travel on a stick.
public struct InvitationToken: Sendable {
    /// Where members can be reached, best first.
    public let routes: [Route]
    /// The plant to join.
    public let plant: PlantID
    /// The role that the invitation gives.
    public let role: Role
    /// The suggested name of the station; may be empty.
    public let name: String
    /// Entries of roster logs whose past includes the invite act.
    public let frontier: [ChangeReference]
    /// The greatest lamport number in the frontier.
    public let lamport: UInt64

    let secret: InvitationSecret

    /// A way to a member.
    public struct Route: Hashable, Sendable {
        /// A ZeroMQ endpoint such as `tcp://relay.example:7700`.
        public var endpoint: String
        /// The key that the member at the endpoint has to prove.
        public var transport: TransportKey

        /// Creates a route.
        public init(endpoint: String, transport: TransportKey) {
            self.endpoint = endpoint
            self.transport = transport
        }

        /// Whether a token can hold the route: 1 to 255 printable ASCII characters without spaces, and an acceptable key.
        /// Check what a person typed before inviting.
        public var isAcceptable: Bool {
            (1...maximumEndpointBytes).contains(endpoint.utf8.count)
                && endpoint.utf8.allSatisfy { (0x21...0x7E).contains($0) } && transport.isAcceptable
        }
    }

    /// Routes in a token, so that it stays a word that fits a page or a QR code.
    public static let maximumRoutes = 4
    /// References in the frontier; one suffices, because an invite act has all of its author's knowledge in its past.
    public static let maximumFrontier = 4
    /// Bytes of an endpoint.
    public static let maximumEndpointBytes = 255

    private static let form = PrintedSecret(prefix: "gemba1-", noun: "invitation")

    init(
        routes: [Route], plant: PlantID, role: Role, name: String, frontier: [ChangeReference], lamport: UInt64,
        secret: InvitationSecret
    ) {
        precondition(routes.count <= Self.maximumRoutes, "\(routes.count) routes, at most \(Self.maximumRoutes)")
        precondition(routes.allSatisfy(\.isAcceptable), "an endpoint or its key is not acceptable")
        self.routes = routes
        self.plant = plant
        self.role = role
        self.name = name
        self.frontier = frontier
        self.lamport = lamport
        self.secret = secret
    }

    /// The public key of the invitation.
    public var inviteKey: InviteKey { secret.inviteKey }

    /// The join act of a station, signed by the invite key.
    public func join(station: StationKey, member: Member) -> RosterAct {
        secret.join(plant: plant, station: station, member: member)
    }

    // MARK: - Text

    /// The token as one word. It contains the secret.
    public var printed: String {
        var encoder = CBOREncoder()
        encoder.array(count: 7)
        encoder.array(count: routes.count)
        for route in routes {
            encoder.array(count: 2)
            encoder.text(route.endpoint)
            encoder.fixed(route.transport)
        }
        encoder.fixed(plant)
        role.encode(into: &encoder)
        encoder.text(name)
        encoder.references(frontier)
        encoder.unsigned(lamport)
        encoder.byteString(secret.bytes)
        return Self.form.print(encoder.bytes)
    }

    /// Reads a token as ``printed``; white space around it and the case of letters do not matter.
    ///
    /// - Throws: ``TrustError/Code/malformedText`` with what is wrong, for instance a mistyped character.
    public init(printed text: String) throws(TrustError) {
        let payload = try Self.form.parse(text)
        do throws(WireError) {
            try self.init(payload: payload)
        } catch {
            throw Self.form.malformed("its content is not that of an invitation (\(error.message))", cause: error)
        }
    }

    private init(payload: [UInt8]) throws(WireError) {
        var decoder = CBORDecoder(payload)
        try decoder.array(count: 7)
        let routes = try decoder.list { (decoder) throws(WireError) in
            try decoder.array(count: 2)
            return Route(
                endpoint: try decoder.text(maximum: Self.maximumEndpointBytes), transport: try decoder.fixed())
        }
        guard routes.count <= Self.maximumRoutes else { throw decoder.failure(.tooLong) }
        guard routes.allSatisfy(\.isAcceptable) else {
            throw decoder.failure(.invalid("an endpoint or its key is not acceptable"))
        }
        let plant = try decoder.fixed(PlantID.self)
        let role = try Role(from: &decoder)
        let name = try decoder.text(maximum: Limits.nameBytes)
        guard name.isEmpty || NameRule.station.permits(name) else {
            throw decoder.failure(.invalid("the suggested name breaks the rule for names"))
        }
        let frontier = try decoder.references(maximum: Self.maximumFrontier)
        guard !frontier.isEmpty else { throw decoder.failure(.invalid("the frontier is empty")) }
        let lamport = try decoder.unsigned()
        guard lamport < UInt64(Int64.max) else { throw decoder.failure(.outOfRange) }
        guard let secret = InvitationSecret(bytes: try decoder.byteString()) else {
            throw decoder.failure(.invalid("the secret has another length"))
        }
        try decoder.finish()
        self.init(
            routes: routes, plant: plant, role: role, name: name, frontier: frontier, lamport: lamport, secret: secret)
    }
}

extension InvitationToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Plant and invite key, abbreviated; not the secret.
    public var description: String {
        "InvitationToken(plant \(plant.description.prefix(8))…, invitation \(inviteKey.description.prefix(8))…)"
    }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// All but the secret.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: ["routes": routes, "plant": plant, "role": role, "name": name, "frontier": frontier],
            displayStyle: .struct)
    }
}
