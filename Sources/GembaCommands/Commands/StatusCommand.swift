public import ArgumentParser
import Foundation
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// `status`: how this machine stands to the others.
public struct StatusCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "status", abstract: "Show how this machine stands to the others.",
            discussion: """
                EXAMPLES
                  \(Owner.name) status
                  \(Owner.name) status --json | jq '.peers[] | select(.connected | not) | .name'
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the status; works with and without a daemon.
    public func run() throws {
        let replica = try Owner.open(data)
        let status = try StationStatus(of: replica)
        let conflicts = try replica.conflictCount()
        if output.json {
            status.json(conflicts: conflicts).print()
        } else {
            show(status, conflicts: conflicts)
        }
    }

    private func show(_ status: StationStatus, conflicts: Int) {
        let role = status.own.map { $0.role == .station ? "Station" : $0.role.name.capitalized } ?? "Station"
        let name = status.own?.displayName ?? "(not a member yet)"
        print(Terminal.bold("\(role) \(name) of \(status.roster.plantName ?? "a plant not met yet")"))
        print(freshness(status))
        print("\(status.statistics.changes) changes held, \(status.unsent) unsent")
        if status.own?.isActive == false {
            print(
                Terminal.warning("Lapsed: nobody waits for this station until it has caught up and returns, by itself"))
        }
        if let checkpoint = status.checkpoint { print(checkpoint.sentence(status.roster)) }
        if let bodies = status.backfill.sentence { print(bodies) }
        if let scrub = status.scrub, scrub.isNotable {
            print(Terminal.warning("File: \(scrub.sentence(now: status.now)); see `\(Owner.name) doctor`"))
        }
        for fork in status.forks { print(Terminal.warning("\(fork.sentence(status.roster)); all are kept")) }
        if conflicts > 0 {
            print(Terminal.warning("\(conflicts) to settle, written apart: \(Owner.name) conflicts"))
        }
        let broken = status.peers.filter { $0.status.agreement?.isBroken ?? false }.map(\.member.displayName)
        if !broken.isEmpty {
            print(
                Terminal.warning(
                    "Rows differ from those of \(broken.joined(separator: ", ")); see `\(Owner.name) doctor`"))
        }
        let quarantined = status.statistics.quarantined
        if quarantined > 0 {
            print(Terminal.warning("\(quarantined) changes are kept without effect: they break the format"))
        }
        let refusals = Self.refusals(status.counters)
        if !refusals.isEmpty { print("Turned away since the last start: \(refusals)") }
        if let offset = status.clockOffset, offset.magnitude >= 2000 {
            let direction = offset > 0 ? "behind" : "ahead of"
            print(Terminal.warning("This clock is \(offset.magnitude / 1000) s \(direction) the others'"))
        }
        guard !status.peers.isEmpty else { return }
        print("")
        var table = TextTable("PEER", "ROLE", "LINK", "LAST CONTACT", "BEHIND", "CLOCK", "ENDPOINT")
        for peer in status.peers {
            let known = peer.status
            table.add(
                peer.member.displayName, peer.member.role.name, known.isConnected ? "up" : "down",
                known.lastContact.map { PointInTime.ago($0, now: status.now) } ?? "never", "\(known.behind)",
                known.clockOffset.map { "\($0 > 0 ? "+" : "")\($0) ms" } ?? "?",
                known.endpoint ?? peer.member.endpoints.first ?? "-")
        }
        table.print()
    }

    private static func refusals(_ counters: EngineCounters) -> String {
        [
            (counters.refusedConnections, "connections"), (counters.refusedMessages, "messages"),
            (counters.malformedFrames, "malformed frames"), (counters.violations, "sessions"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// How fresh what is shown here is, in one line.
    private func freshness(_ status: StationStatus) -> String {
        if status.peers.isEmpty { return "The only station so far" }
        guard status.daemon != nil else {
            return Terminal.warning("Not connected: `\(Owner.name) run` is not running here")
        }
        if status.connected.isEmpty { return Terminal.warning("Alone; everything that is done here is saved here") }
        let behind = status.connected.map(\.status.behind).max() ?? 0
        if behind > 0 { return "Catching up: \(behind) changes to come" }
        return "Up to date with \(status.connected.count) of \(status.peers.count)"
    }
}
