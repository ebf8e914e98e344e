public import GembaStore

/// The plant's floor: what its stations replicate.
public enum Floor {
    /// The tables of this version, and the local ones derived from them.
    public static let schema = Schema(
        version: 1, tables: [TicketTable.tickets, TicketActRow.declaration.table],
        derivations: [TicketStateTable.derivation])
}
