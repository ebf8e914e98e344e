import ArgumentParser
import Gemba

/// `Tools/bench catch-up`
struct CatchUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catch-up", abstract: "Measure the memory that a long history takes at both ends.")

    @Argument(help: "How many changes the history has.") var changes = 1_000_000

    func validate() throws {
        if changes < 1 { throw ValidationError("A history has at least one change.") }
    }

    func run() async throws {
        try await withScratchFolder { try await CatchUp(folder: $0, changes: changes).run() }
    }
}

/// The process of the station that has nothing.
struct CatchUpReceiver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: CatchUp.receiverCommand, shouldDisplay: false)

    @Argument var folder: String
    @Argument var address: String
    @Argument var changes: UInt64

    func run() async throws {
        guard let peer = PeerAddress(address) else { throw ValidationError("not an address: \(address)") }
        try await CatchUp.receive(folder: folder, from: peer, changes: changes)
    }
}
