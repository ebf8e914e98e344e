public import ArgumentParser
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Who acts.
public struct ActorOptions: ParsableArguments {
    /// The person, as given.
    @Option(name: .customLong("by"), help: ArgumentHelp("Who acts; the login name if not given.", valueName: "person"))
    public var person: String?

    /// Creates options to be parsed.
    public init() {}

    /// The person who acts: as given, else the login name.
    public var actor: String {
        if let person { return person }
        if let user = ProcessInfo.processInfo.environment["USER"], !user.isEmpty { return user }
        return NSUserName()
    }
}
