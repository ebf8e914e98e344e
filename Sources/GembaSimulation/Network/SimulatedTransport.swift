import GembaNode
import GembaWire

/// One node's access to a ``SimulatedNetwork``.
///
/// `@unchecked Sendable`: it is used only on the thread that runs the simulation.
final class SimulatedTransport: Transport, @unchecked Sendable {
    private unowned let network: SimulatedNetwork
    private let node: Int
    /// Set when the process is considered dead: whatever it still does reaches nobody.
    private(set) var isSilenced = false
    /// Looks at each frame before it is sent.
    var onSend: (([UInt8]) -> Void)?
    /// Called before each frame is sent: the process may die here.
    var onCrashPoint: (() -> Void)?

    init(network: SimulatedNetwork, node: Int) {
        self.network = network
        self.node = node
    }

    /// Lets nothing through any more.
    func silence() { isSilenced = true }

    /// Accepts links until the task is cancelled. A simulation attaches its nodes to the network itself, so that no
    /// executor takes part in the order of events.
    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {
        throw TransportError(code: .failed, message: "a simulated transport is driven by its network, not by a task")
    }

    func dial(endpoint: String, peer: TransportKey) {
        if !isSilenced { network.dial(endpoint, peer: peer, from: node) }
    }

    func hangUp(endpoint: String) {
        if !isSilenced { network.hangUp(endpoint, from: node) }
    }

    @discardableResult
    func send(_ frame: [UInt8], on link: LinkID) -> Bool {
        if isSilenced { return true }
        onCrashPoint?()
        if isSilenced { return true }
        onSend?(frame)
        return network.send(frame, on: link, from: node)
    }

    func close(_ link: LinkID) {
        if !isSilenced { network.close(link, by: node) }
    }
}
