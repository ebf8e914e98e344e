/// Locking keys that are there, and taking the lock off.
extension StationIdentity {
    /// Whether the keys in a folder are locked with a passphrase.
    public static func isLocked(inFolder folder: String) throws(TrustError) -> Bool {
        try KeyFile(folder: folder, name: fileName).isLocked()
    }

    /// Locks the keys in a folder, plain or locked before; the keys stay the same.
    ///
    /// What stood in the file before is overwritten, which a disk that moves blocks about need not do: keys that must never
    /// have been on it in plain are locked when they are made.
    ///
    /// - Parameters:
    ///   - new: the passphrase from now on; nil leaves the keys plain.
    ///   - current: asked for the passphrase so far when they are locked.
    public static func relock(
        inFolder folder: String, with new: Passphrase?, current: PassphraseSource
    ) throws(TrustError) {
        let file = KeyFile(folder: folder, name: fileName)
        let plain = try file.contents(passphrase: current)
        try file.replace(plain, lockedWith: new)
    }
}
