import GembaNode
import GembaTrust
import GembaWire

/// The ways to members that an invitation names.
struct InvitationRoutes {
    /// Best first.
    let routes: [InvitationToken.Route]
    /// Whether nothing was known and the default stands in.
    let isGuess: Bool

    /// Where a station listens that was told nothing else.
    static let defaultEndpoint = "tcp://127.0.0.1:7700"

    /// Own endpoints, then those of relays, then those of other members; or those given, which are this station's.
    init(roster: Roster, own: StationKey, ownTransport: TransportKey, given: [String]) throws(CommandFailure) {
        guard given.isEmpty else {
            guard given.count <= InvitationToken.maximumRoutes else {
                throw CommandFailure(
                    .usage, "An invitation names at most \(InvitationToken.maximumRoutes) endpoints; give fewer.")
            }
            var routes: [InvitationToken.Route] = []
            for text in given { routes.append(try Self.route(text, ownTransport)) }
            self.routes = routes
            isGuess = false
            return
        }
        var members: [RosterMember] = []
        if let member = roster.members[own] { members.append(member) }
        let others = roster.members.values.filter { $0.station != own }.sorted { $0.rank < $1.rank }
        members += others.filter { $0.role == .relay } + others.filter { $0.role != .relay }
        let known = members.flatMap { member in
            member.endpoints.map { InvitationToken.Route(endpoint: $0, transport: member.transport) }
        }
        isGuess = known.isEmpty
        routes =
            known.isEmpty
            ? [InvitationToken.Route(endpoint: Self.defaultEndpoint, transport: ownTransport)]
            : Array(known.prefix(InvitationToken.maximumRoutes))
    }

    private static func route(
        _ text: String, _ ownTransport: TransportKey
    ) throws(CommandFailure) -> InvitationToken.Route {
        let address = try PeerArgument.parse(text)
        guard address.endpoint.utf8.count <= InvitationToken.maximumEndpointBytes else {
            throw CommandFailure(.usage, "The endpoint \(text) is too long.")
        }
        return InvitationToken.Route(endpoint: address.endpoint, transport: address.transport ?? ownTransport)
    }
}
