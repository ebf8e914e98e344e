public import Foundation
public import GembaFloor
public import GembaStore

extension Schema {
    /// What the stations of a plant replicate: tickets and the acts of their lives.
    public static var floor: Schema { Floor.schema }
}

extension Replica {
    /// Opens the replica in a folder.
    ///
    /// ```swift
    /// let replica = try Replica.open(at: URL(fileURLWithPath: "/var/lib/gemba"), schema: .floor)
    /// let receipt = try replica.tickets.report(
    ///     TicketDraft(TicketFields([.title: "label printer dead", .asset: "L3-PRN2"])), by: "ewa")
    /// ```
    public static func open(at folder: URL, schema: Schema = .floor) throws -> Replica {
        try open(in: folder.path, schema: schema)
    }

    /// The tickets in it, where it was opened with ``GembaStore/Schema/floor``.
    public var tickets: Tickets { Tickets(self) }
}
