extension TextDocument {
    /// The text as it was after some of the changes: those of a version that existed, so with all that they had seen.
    ///
    /// Linear in everything that was ever inserted or deleted. What was deleted before ``forgetDeleted()`` is not there.
    @inlinable public func text(after contains: (Name) -> Bool) -> String {
        core.text(after: { contains(name(of: $0)) })
    }

    /// Drops the content of deleted characters, and who deleted them when.
    ///
    /// Their ids stay, so operations of replicas that were away still find their place.
    @inlinable public mutating func forgetDeleted() { core.forgetDeleted() }
}
