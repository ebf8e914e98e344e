internal import Crypto
public import GembaCausality

extension ReplicaID {
    /// Separates names of branches from everything else that is hashed.
    private static let branchTag = Array("branch".utf8)

    /// The name of the branch of this replica's log that begins with an entry (RULES L7): the first 16 bytes of
    /// SHA-256("branch" ‖ replica ‖ hash of the entry).
    ///
    /// - Parameter first: the hash of the first entry that another entry at the same place differs from.
    public func branch(beginningWith first: ChangeHash) -> ReplicaID {
        var hasher = SHA256()
        Self.branchTag.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        withBytes { hasher.update(bufferPointer: $0) }
        first.withBytes { hasher.update(bufferPointer: $0) }
        return ChangeHash(hasher.finalize()).replica
    }
}
