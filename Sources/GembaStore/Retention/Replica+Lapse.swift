import GembaCausality
import GembaTrust
public import GembaWire

/// Lapse and return: whom stability waits for (T8).
extension Replica {
    /// When the newest signed entry of a station was made that is held here, data or roster, in milliseconds since 1970 by that
    /// station's clock; nil when none is held.
    public func lastWord(of station: StationKey) throws -> UInt64? {
        try withReader { context in
            let statement = try context.connection.statement(
                "SELECT max(timestamp) FROM gemba_replica WHERE station = ?")
            let newest = try statement.bind(1, station).first { $0.isNull(0) ? 0 : $0.unsigned(0) } ?? 0
            return newest == 0 ? nil : HybridTimestamp(rawValue: newest).milliseconds
        }
    }

    /// Declares a member lapsed: from then on nothing waits for it to acknowledge, neither folding nor dropping. It keeps its
    /// authority and its right to write, and returns by itself once it has caught up.
    ///
    /// How long it was silent is for a person to judge; see ``lastWord(of:)``.
    ///
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not do that, or names itself;
    ///   ``StoreError/Code/invalidOperation`` when the member is lapsed already.
    public func lapse(_ station: StationKey, by actor: String, because reason: String = "") throws {
        let head = try withReader { context in
            try context.log.tips(of: station).filter { $0.kind == .data }
                .max { ($0.incarnation, $0.lamport) < ($1.incarnation, $1.lamport) }?.reference
        }
        try act([.lapse(station: station, head: head)], by: actor, because: reason) { roster, member in
            guard member.may(.proposeLapse) else {
                throw StoreError(.notPermitted, "Only an administrator's station declares a member lapsed.")
            }
            guard station != member.station else {
                throw StoreError(.notPermitted, "A station does not declare itself lapsed.")
            }
            guard let lapsed = roster.members[station] else {
                throw StoreError(.unknownName, "There is no such member.")
            }
            guard lapsed.isActive else {
                throw StoreError(.invalidOperation, "\(lapsed.displayName) is lapsed already.")
            }
        }
    }

    /// Ends this station's lapse, and acknowledges what it holds, so that others can count on it at once.
    ///
    /// To be called when the station holds what a peer holds: until it has acknowledged that, everybody waits for it again.
    ///
    /// - Returns: whether it was lapsed.
    @discardableResult
    public func returnFromLapse(by actor: String = "") throws -> Bool {
        guard let own = try roster().members[identity.stationKey], !own.isActive else { return false }
        if own.may(.writeData) { try acknowledge(by: actor) }
        try act([.returned], by: actor, because: "") { _, _ in }
        return true
    }
}
