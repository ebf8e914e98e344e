public import ArgumentParser
import GembaStore
import GembaTrust

/// `key`: locks this machine's keys with a passphrase.
public struct KeyCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "key", abstract: "Lock this machine's keys with a passphrase, or take the lock off.",
            discussion: """
                EXAMPLES
                  \(Owner.name) key protect
                  \(Owner.name) key protect --new-passphrase-file /root/gemba.passphrase
                  \(Owner.name) key unprotect --passphrase-file /root/gemba.passphrase

                Locked keys are of no use to whoever takes the disk. Every command then needs the passphrase: typed, in the \
                file that --passphrase-file names, or for a service as LoadCredentialEncrypted=gemba-passphrase in its unit. \
                Nobody can restore a passphrase that is forgotten: the machine is enrolled anew.
                """,
            subcommands: [KeyProtectCommand<Owner>.self, KeyUnprotectCommand<Owner>.self])
    }

    /// Creates a command to be parsed.
    public init() {}
}

/// `key protect`: locks the keys, or locks them with another passphrase.
public struct KeyProtectCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "protect", abstract: "Lock the keys, or change their passphrase.")
    }

    @OptionGroup var data: DataOptions
    @Option(help: "The file with the passphrase from now on; typed if not given.", completion: .file())
    var newPassphraseFile: String?

    /// Creates a command to be parsed.
    public init() {}

    /// Locks the keys. A daemon that runs keeps what it has read.
    public func run() throws {
        let folder = try data.folder() + "/keys"
        // Asked for once, and tried before anybody thinks of a new one.
        let isLocked = try StationIdentity.isLocked(inFolder: folder)
        let current = try isLocked ? data.sources().passphrase(.unlocking) : nil
        _ = try StationIdentity.load(fromFolder: folder, passphrase: { _ in current })
        let input = PassphraseInput(file: newPassphraseFile, asksForNew: true)
        guard let new = try input.passphrase(for: .locking) else { return }
        try StationIdentity.relock(inFolder: folder, with: new, current: { _ in current })
        print("The keys of this machine are locked.")
    }
}

/// `key unprotect`: takes the lock off.
public struct KeyUnprotectCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "unprotect", abstract: "Take the passphrase off the keys.")
    }

    @OptionGroup var data: DataOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the keys plain.
    public func run() throws {
        let folder = try data.folder() + "/keys"
        guard try StationIdentity.isLocked(inFolder: folder) else {
            throw CommandFailure(.refused, "The keys of this machine are not locked.")
        }
        try StationIdentity.relock(inFolder: folder, with: nil, current: data.sources().passphrase)
        print("The keys of this machine are not locked any more. Whoever can read the disk has them.")
    }
}
