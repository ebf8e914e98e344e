import Foundation
import GembaTrust

#if canImport(Glibc)
    import Glibc
#endif

/// Where a passphrase is read from: a file, a credential that systemd hands to a service (systemd.exec(5)), or a terminal.
/// Never an argument or the environment, which other processes see.
struct PassphraseInput: Sendable {
    /// The file, as it was given.
    let file: String?
    /// Whether somebody is asked for a new passphrase.
    var asksForNew = false

    /// The name of the credential.
    private static let credential = "gemba-passphrase"
    /// No passphrase comes near this many bytes.
    private static let maximumBytes = 4096
    private static let othersMask: mode_t = 0o077

    /// The passphrase; nil when nothing was said of one and nobody can be asked.
    func passphrase(for use: PassphraseUse) throws(TrustError) -> Passphrase? {
        if let file { return try Self.read(file, isPrivate: true) }
        if let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] {
            let path = "\(folder)/\(Self.credential)"
            if FileManager.default.fileExists(atPath: path) { return try Self.read(path, isPrivate: false) }
        }
        switch use {
        case .unlocking: return Terminal.isInteractive ? Self.ask("Passphrase of this machine's keys: ") : nil
        case .locking: return asksForNew ? try Self.askForNew() : nil
        }
    }

    /// - Parameter isPrivate: whether a file that others can read is refused.
    private static func read(_ path: String, isPrivate: Bool) throws(TrustError) -> Passphrase {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrustError(.passphraseNeeded, "The file \(path) with the passphrase cannot be read.")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        // A pipe has no readers but those that it was given to.
        if isPrivate, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            guard status.st_mode & othersMask == 0 else {
                throw TrustError(
                    .insecurePermissions, "Others can read the passphrase in \(path). Correct it: chmod 600 \(path)")
            }
        }
        guard let data = try? handle.read(upToCount: maximumBytes), let passphrase = Passphrase(data) else {
            throw TrustError(.passphraseNeeded, "There is no passphrase in \(path).")
        }
        return passphrase
    }

    // MARK: - Asking

    private static func askForNew() throws(TrustError) -> Passphrase {
        guard Terminal.isInteractive else {
            throw TrustError(
                .passphraseNeeded, "There is no terminal to ask for a passphrase. Give one with --passphrase-file.")
        }
        guard let first = ask("New passphrase for this machine's keys: "), let second = ask("The same again: ") else {
            throw TrustError(.passphraseNeeded, "Nothing was typed.")
        }
        guard first == second else {
            throw TrustError(.wrongPassphrase, "That was not the same twice. Nothing was changed.")
        }
        return first
    }

    /// Asks on the terminal, without showing what is typed.
    private static func ask(_ question: String) -> Passphrase? {
        FileHandle.standardError.write(Data(question.utf8))
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine().flatMap { Passphrase($0) }
    }
}
