/// What a person keeps in mind, or a machine's administrator in a file, so that a key file alone opens nothing.
///
/// It shows nothing of itself in descriptions and reflection.
public struct Passphrase: Equatable, Sendable {
    let bytes: [UInt8]

    /// Creates a passphrase from text as it was typed or as a file has it; line breaks at its end are none of it. Nil when
    /// nothing else is there.
    public init?(_ text: some Sequence<UInt8>) {
        var bytes = Array(text)
        while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
        guard !bytes.isEmpty else { return nil }
        self.bytes = bytes
    }

    /// Creates a passphrase from text.
    public init?(_ text: String) { self.init(text.utf8) }
}

extension Passphrase: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there is one.
    public var description: String { "Passphrase(…)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: [:], displayStyle: .struct) }
}
