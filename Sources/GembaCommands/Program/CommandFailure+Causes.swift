import GembaNode
import GembaStore
import GembaTrust

extension CommandFailure {
    /// What an error from any layer means for the person at the command line.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as any StatusConvertible: self.init(error.exitStatus, "\(error)")
        case let error as StoreError: self.init(Self.status(of: error), error.description)
        case let error as TrustError: self.init(Self.status(of: error), error.message)
        case let error as TransportError: self.init(.failure, error.message)
        case is CancellationError: self.init(.failure, "Interrupted.")
        default: self.init(.failure, "\(error)")
        }
    }

    private static func status(of error: StoreError) -> ExitStatus {
        switch error.code {
        case .unknownName: .notFound
        case .notPermitted, .invalidOperation: .refused
        case .invalidValue, .limitExceeded: .usage
        default: (error.cause as? TrustError).map(status) ?? .failure
        }
    }

    private static func status(of error: TrustError) -> ExitStatus {
        switch error.code {
        case .malformedText, .invalidName, .passphraseNeeded, .wrongPassphrase: .usage
        case .notEnrolled: .refused
        default: .failure
        }
    }
}
