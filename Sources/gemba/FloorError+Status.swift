public import GembaCommands
public import GembaFloor

extension FloorError: StatusConvertible {
    /// How the program ends on it.
    public var exitStatus: ExitStatus {
        switch code {
        case .notFound, .ambiguous: .notFound
        case .missingInput: .usage
        case .notPossible: .refused
        default: .failure
        }
    }
}

extension ImportError: StatusConvertible {
    /// A file that cannot be read is a mistake in what was given.
    public var exitStatus: ExitStatus { .usage }
}
