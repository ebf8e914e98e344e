import Synchronization

/// The air between radios of one process.
public final class InProcessAir: Sendable {
    private let listeners = Mutex<[@Sendable ([UInt8]) -> Void]>([])

    /// Makes an air in which nobody listens.
    public init() {}

    func add(_ listener: @escaping @Sendable ([UInt8]) -> Void) { listeners.withLock { $0.append(listener) } }

    /// Has everybody hear a datagram.
    public func carry(_ datagram: [UInt8]) {
        for listener in listeners.withLock({ $0 }) { listener(datagram) }
    }
}

/// A radio whose datagrams stay in the process.
public final class InProcessRadio: Radio {
    private let air: InProcessAir

    /// Makes a radio.
    public init(in air: InProcessAir) { self.air = air }

    /// Listens until the task is cancelled.
    public func run(onDatagram: @escaping @Sendable ([UInt8]) -> Void) async throws {
        air.add(onDatagram)
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    /// Has all radios in the same air hear a datagram.
    public func send(_ datagram: [UInt8]) { air.carry(datagram) }
}
