public import GRDB
import GembaCRDT
public import GembaCausality
public import GembaWire

/// Where a write came from.
public struct Provenance: Hashable, Sendable {
    /// The change that wrote it.
    public var dot: Dot
    /// When, by the author's clock; display data.
    public var timestamp: HybridTimestamp
    /// 1 + the greatest lamport number its author had seen: sorts facts so that nothing stands before what it knew.
    public var lamport: UInt64
    /// The station that made the change.
    public var station: StationKey
    /// The person who acted, as the station claims.
    public var actor: String
    /// Why, as the actor said; may be empty.
    public var reason: String
}

/// Reads rows together with where they came from, inside one transaction.
///
/// Not `Sendable`: valid only in the closure that receives it.
public final class RowReader {
    /// The connection, for plain SQL.
    public let database: Database
    let context: StoreContext
    private var bodies: [LocalDot: Provenance] = [:]

    init(_ context: StoreContext) {
        self.context = context
        database = context.connection.database
    }

    /// Where the newest un-replaced write to a row came from; for a fact, the change that stated it. Nil when the row is
    /// not held.
    public func provenance(of row: RowID, in table: String) throws -> Provenance? {
        let layout = try context.layout(named: table)
        guard let found = try context.rows.metadata(table: layout.table.id, row: row),
            let dot = found.metadata.state.presence.names.last
        else { return nil }
        return try provenance(of: dot)
    }

    /// Whether a row of this id can be inserted: nothing is known of one, or it was dropped and not inserted again.
    public func isFree(_ row: RowID, in table: String) throws -> Bool {
        let layout = try context.layout(named: table)
        return try context.rows.metadata(table: layout.table.id, row: row)?.metadata.state.isDropped ?? true
    }

    /// Where each un-replaced write to a column came from; more than one while the column is in conflict.
    public func provenance(of row: RowID, in table: String, column: String) throws -> [Provenance] {
        let layout = try context.layout(named: table)
        guard let place = layout.place(ofColumn: column) else { throw context.unknownColumn(column, in: table) }
        guard let found = try context.rows.metadata(table: layout.table.id, row: row) else { return [] }
        let group = layout.groups[place.group]
        if group.merge == .text { return try contributors(to: group.id, of: row, in: layout).map(provenance) }
        let key = GroupKey(group: group.id, family: MergeFamily(group.merge))
        return try (found.metadata.state.groups[key]?.names ?? []).map(provenance)
    }

    /// Whether the author of `later` had seen `earlier` when it wrote. A change has not seen itself.
    public func hasSeen(_ earlier: Dot, by later: Dot) throws -> Bool {
        guard let first = try context.localIfHeld(earlier), let second = try context.localIfHeld(later) else {
            return false
        }
        // The author of the change that is being written has seen all that is held.
        if second == context.draft?.dot { return first != second }
        return try context.history.hasSeen(first, by: second)
    }

    func provenance(of dot: LocalDot) throws -> Provenance {
        if let known = bodies[dot] { return known }
        let provenance = try context.provenance(of: dot)
        bodies[dot] = provenance
        return provenance
    }
}
