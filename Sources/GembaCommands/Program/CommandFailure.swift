/// Why a command was not carried out: how the program ends, and what a person reads.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// How the program ends.
    public var status: ExitStatus
    /// What is wrong and what to do about it, as sentences.
    public var description: String

    /// Creates a failure.
    public init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}

/// An error that knows how a program should end on it.
public protocol StatusConvertible: Error {
    /// How the program ends.
    var exitStatus: ExitStatus { get }
}

extension CommandFailure: StatusConvertible {
    /// The same as ``status``.
    public var exitStatus: ExitStatus { status }
}
