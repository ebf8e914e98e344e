import GembaTrust
public import GembaWire

/// The keys under which bodies are sealed (T5).
extension Replica {
    /// Begins a new epoch. Changes are sealed from then on, and only who is entitled to it reads them.
    ///
    /// Nobody has to call this to keep former members out: the first change after a removal begins an epoch by itself.
    ///
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not do that.
    public func beginEpoch() throws {
        let tip = try write { context in
            let roster = try context.roster()
            guard roster.members[identity.stationKey]?.may(.publishEpochs) ?? false else {
                throw StoreError(.notPermitted, "A relay has no part in the plant's keys; begin an epoch at a station.")
            }
            return try EpochCommit(context: context, incarnation: incarnation).begin(in: roster).tip
        }
        try record([tip], durable: false)
    }

    /// Gives members the epochs that they lack and this station holds.
    ///
    /// - Parameter isDue: whether a member is to be served by this station now.
    /// - Returns: whether anything was given.
    @discardableResult
    public func shareEpochs(with isDue: (StationKey) -> Bool = { _ in true }) throws -> Bool {
        let tip = try write { context -> LogTip? in
            let roster = try context.roster()
            guard roster.members[identity.stationKey]?.may(.publishEpochs) ?? false else { return nil }
            return try EpochCommit(context: context, incarnation: incarnation).share(in: roster, with: isDue)
        }
        if let tip { try record([tip], durable: false) }
        return tip != nil
    }

    /// Whether this station keeps and passes on what it cannot read.
    public func isBlind() throws -> Bool { try withReader { try $0.isBlind() } }
}
