/// Carries short datagrams to whoever is near, without knowing who that is. Any of them may be lost, repeated or forged.
///
/// Conformers: ``MulticastRadio`` and ``InProcessRadio``.
public protocol Radio: Sendable {
    /// Listens until the task is cancelled. Called once.
    ///
    /// - Parameter onDatagram: told what comes, also what this node itself sent; must not block.
    func run(onDatagram: @escaping @Sendable ([UInt8]) -> Void) async throws

    /// Sends a datagram, as far as that is possible now.
    func send(_ datagram: [UInt8])
}
