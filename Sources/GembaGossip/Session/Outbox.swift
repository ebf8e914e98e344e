internal import GembaWire

/// Collects the actions that answer one input.
struct Outbox: Sendable {
    /// The name that every frame repeats.
    let session: SessionID
    private(set) var actions: [SessionAction] = []
    private(set) var hasFrames = false

    init(session: SessionID) { self.session = session }

    mutating func send(_ message: Message) {
        actions.append(.send(Frame(session: session, message: message)))
        hasFrames = true
    }

    mutating func add(_ action: SessionAction) { actions.append(action) }
}
