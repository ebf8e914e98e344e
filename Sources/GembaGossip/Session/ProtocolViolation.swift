internal import GembaWire

/// A peer's fault that ends the session.
struct ProtocolViolation: Error, Hashable, Sendable {
    let code: ByeMessage.Code
    let text: String

    init(_ code: ByeMessage.Code, _ text: String) {
        self.code = code
        self.text = text
    }
}
