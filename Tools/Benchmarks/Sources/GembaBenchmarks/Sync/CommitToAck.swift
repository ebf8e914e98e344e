import Foundation
import Gemba
import Logging

/// From the beginning of a commit at one station until it knows that the other one has committed it too, over CURVE on the
/// loopback.
///
/// The baseline is the least that does the same: a commit in SQLite, a message, a commit in SQLite, a reply.
struct CommitToAck: Measurement {
    static let figures = [
        Figure("commit-to-ack", goal: 3, "commit one row here and there, until the acknowledgement is here")
    ]

    private static let rounds = 100

    func run(on bench: Bench) async throws {
        let folder = try bench.makeFolder("ack")
        let relay = PlainRelay(folder: folder)
        let author = try SampleTicket.station(in: "\(folder)/author")
        let receiver = try SampleTicket.station("B", beside: author, in: "\(folder)/receiver")
        let tickets = SampleTicket.make(0..<Self.rounds + 1, batch: 1)
        let rows = PlainTickets(tickets)

        let (own, plain) = try await withNodes(author, receiver) { acknowledged in
            var acknowledged = acknowledged.makeAsyncIterator()
            var (own, plain) = (Series(), Series())
            for (index, ticket) in tickets.enumerated() {
                plain.time { relay.send(rows, index) }
                let start = ContinuousClock.now
                let sequence = try await author.write(by: "bench") { tx in
                    try tx.insert(into: "ticket", id: ticket.row, ticket.values)
                    return SequenceNumber(index + 1)
                }
                while let held = await acknowledged.next(), held < sequence {}
                own.add(start.duration(to: .now) / .seconds(1))
            }
            return (own, plain)
        }
        // The first of each opens links and logs.
        bench.add(
            "commit-to-ack", Series(Array(own.values.dropFirst())), over: Series(Array(plain.values.dropFirst())),
            of: "SQLite and ZeroMQ in C")
    }

    /// Runs two connected nodes while `body` takes the sequence numbers that the second one acknowledges.
    private func withNodes<Result: Sendable>(
        _ author: Replica, _ receiver: Replica,
        _ body: @escaping @Sendable (AsyncStream<SequenceNumber>) async throws -> Result
    ) async throws -> Result {
        let (endpoints, listening) = AsyncStream<String>.makeStream()
        let (acknowledged, continuation) = AsyncStream<SequenceNumber>.makeStream()
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let transports = [author, receiver].map { (replica: Replica) in
            ZeroMQTransport(
                listen: replica === receiver ? ["tcp://127.0.0.1:0"] : [], secret: replica.identity.transportSecret,
                publicKey: replica.identity.transportKey)
        }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                let node = Node(receiver, transport: transports[1], peers: [], logger: logger)
                try await node.run(onListening: { listening.yield($0) })
                return nil
            }
            guard let endpoint = await endpoints.first(where: { _ in true }) else { fatalError("nothing listens") }
            group.addTask {
                let peer = PeerAddress(endpoint: endpoint, transport: receiver.identity.transportKey)
                let transport = AcknowledgementWatch(transports[0], onAcknowledgement: { continuation.yield($0) })
                try await Node(author, transport: transport, peers: [peer], logger: logger).run()
                return nil
            }
            group.addTask { try await body(acknowledged) }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                while (try? await group.next()) != nil {}
                return result
            }
            fatalError("the nodes ended")
        }
    }
}

/// Carries everything, and tells what acknowledgements of changes say.
private final class AcknowledgementWatch: Transport {
    private let transport: any Transport
    private let onAcknowledgement: @Sendable (SequenceNumber) -> Void

    init(_ transport: any Transport, onAcknowledgement: @escaping @Sendable (SequenceNumber) -> Void) {
        self.transport = transport
        self.onAcknowledgement = onAcknowledgement
    }

    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {
        try await transport.run(
            admission: admission,
            onEvent: { [onAcknowledgement] event in
                onEvent(event)
                guard case .received(_, let bytes) = event, let frame = try? Frame(decoding: bytes),
                    case .ack(let acknowledgement) = frame.message, acknowledgement.kind == .data
                else { return }
                for held in acknowledgement.have { onAcknowledgement(held.sequence) }
            })
    }

    func dial(endpoint: String, peer: TransportKey) { transport.dial(endpoint: endpoint, peer: peer) }
    func hangUp(endpoint: String) { transport.hangUp(endpoint: endpoint) }
    func inquire(endpoint: String) { transport.inquire(endpoint: endpoint) }
    func send(_ frame: [UInt8], on link: LinkID) -> Bool { transport.send(frame, on: link) }
    func close(_ link: LinkID) { transport.close(link) }
}
