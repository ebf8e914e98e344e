public import ArgumentParser
import Foundation
import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// What the commands share that end a membership or bring it back.
struct RemovalOptions: ParsableArguments {
    @Argument(help: "The member, as `member list` names it.")
    var name: String

    @Option(help: "Why, for those who read it later.")
    var because = ""

    @Option(
        name: .customLong("recovery-key-file"),
        help: ArgumentHelp(
            "Act with the plant's recovery key, which outranks every station; the file holds it as `init` printed it.",
            valueName: "file"))
    var recoveryKeyFile: String?

    @OptionGroup var actor: ActorOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Ends a membership or brings it back, and says what came of it.
    ///
    /// - Parameter change: writes the act for the member that is meant, and returns it.
    func carryOut(at replica: Replica, to state: String, _ change: (RecoveryKey?) throws -> RosterMember) throws {
        let member = try change(recoveryKey())
        try RemovalReport(replica, member, state: state).print(asJSON: output.json)
    }

    /// The recovery key, if one is to be used.
    private func recoveryKey() throws -> RecoveryKey? {
        try recoveryKeyFile.map { path in
            guard let content = FileManager.default.contents(atPath: path), content.count < 4096 else {
                throw CommandFailure(.notFound, "There is no recovery key in \(path).")
            }
            return try RecoveryKey(printed: String(decoding: content, as: UTF8.self))
        }
    }
}

/// `member revoke`: ends a membership against the will of whoever holds the machine.
public struct MemberRevokeCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "revoke", abstract: "Put a station out of the plant, as after a theft.",
            discussion: """
                EXAMPLES
                  \(Owner.name) member revoke L4 --because "laptop stolen"
                  \(Owner.name) member revoke IT --recovery-key-file /media/safe/recovery.key

                What the station wrote counts up to what this machine holds of it now, and beyond that only what others \
                have built on. Machines that hear of it end their links with the station within two seconds, and what \
                they write from then on is sealed under a new key. What the station had received before stays readable \
                to whoever has it.

                A mistake is mended by `\(Owner.name) member reinstate`.
                """)
    }

    @OptionGroup var removal: RemovalOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the act and carries it out here.
    public func run() throws {
        let replica = try Owner.open(removal.data)
        try removal.carryOut(at: replica, to: "revoked") { recovery in
            let member = try replica.roster().member(named: removal.name)
            try replica.revoke(
                member.station, by: removal.actor.actor, because: removal.because, with: recovery)
            return member
        }
    }
}

/// `member retire`: ends a membership in good order.
public struct MemberRetireCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "retire", abstract: "Take a station out of service.",
            discussion: """
                EXAMPLES
                  \(Owner.name) member retire L4 --because "replaced by L7"

                Run it on the station itself, after it has sent all that it wrote, or on an administering station. \
                All that the station wrote and this machine holds counts; nobody waits for it any more.

                A station that has changes which no other has acknowledged does not retire itself: nobody would \
                take them from it any more.
                """)
    }

    @Flag(help: "Retire this station although some of its changes are nowhere else, and stay here.")
    var force = false

    @OptionGroup var removal: RemovalOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the act and carries it out here.
    public func run() throws {
        let replica = try Owner.open(removal.data)
        try removal.carryOut(at: replica, to: "retired") { recovery in
            let member = try replica.roster().member(named: removal.name)
            if member.station == replica.identity.stationKey, !force { try checkNothingIsLeft(on: replica) }
            try replica.retire(
                member.station, by: removal.actor.actor, because: removal.because, with: recovery)
            return member
        }
    }
}

extension MemberRetireCommand {
    private func checkNothingIsLeft(on replica: Replica) throws {
        let unsent = try replica.unsentCount()
        if unsent == 0 { return }
        throw CommandFailure(
            .refused,
            "\(unsent) change\(unsent == 1 ? " is" : "s are") nowhere but on this machine. Connect it until "
                + "`\(Owner.name) status` says that others have everything, or give the changes up with --force.")
    }
}

/// `member reinstate`: brings a revoked or retired station back.
public struct MemberReinstateCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reinstate", abstract: "Bring a station back that was revoked or retired.",
            discussion: """
                EXAMPLES
                  \(Owner.name) member reinstate L4 --because "the laptop was found"

                It ends the removals that this machine knows of, and no others. What the station wrote meanwhile counts \
                again. Only who ranks no lower than those who removed the station can do that.
                """)
    }

    @OptionGroup var removal: RemovalOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the act and carries it out here.
    public func run() throws {
        let replica = try Owner.open(removal.data)
        try removal.carryOut(at: replica, to: "active") { recovery in
            let member = try replica.roster().formerMember(named: removal.name).member
            try replica.reinstate(
                member.station, by: removal.actor.actor, because: removal.because, with: recovery)
            return member
        }
    }
}

/// What came of a removal or its end.
private struct RemovalReport {
    let member: RosterMember
    let state: String
    let setAside: Int

    init(_ replica: Replica, _ member: RosterMember, state: String) throws {
        try replica.settleRemovals()
        self.member = member
        self.state = state
        setAside = try replica.voidCounts()[member.station] ?? 0
    }

    func print(asJSON isJSON: Bool) {
        guard !isJSON else {
            JSONValue.object([
                ("version", .integer(1)), ("name", .string(member.displayName)), ("state", .string(state)),
                ("setAside", .count(setAside)),
            ]).print()
            return
        }
        if state == "active" {
            Swift.print("\(member.displayName) is a member again.")
        } else {
            Swift.print("\(member.displayName) is \(state). Machines learn of it when they next meet one that knows.")
        }
        if setAside > 0 { Swift.print("\(setAside) of its changes are set aside: they do not count.") }
    }
}

extension Roster {
    /// The former member that a person names.
    func formerMember(named name: String) throws -> FormerMember {
        let former = formerMembers.values
        let found = former.first { $0.member.displayName == name } ?? former.first { $0.member.name == name }
        guard let found else {
            let known = former.map(\.member.displayName).sorted().joined(separator: ", ")
            throw CommandFailure(
                .notFound, "There is no former member \(name); there \(known.isEmpty ? "is none" : "are: \(known)").")
        }
        return found
    }
}
