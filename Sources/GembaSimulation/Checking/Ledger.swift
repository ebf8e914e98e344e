import GembaCausality
import GembaWire

/// What writers were told is safe: one line for each effect of each write that returned.
struct Ledger {
    /// A place that a write left its mark on.
    enum Place: Hashable {
        case register(table: String, row: RowID, group: GroupID)
        case element(table: String, row: RowID, group: GroupID, Value)
        case fact(table: String, row: RowID)
        case tally(row: RowID)
    }

    /// What was left there.
    enum Mark: Hashable {
        /// The values by column.
        case values([String: Value])
        /// An element was added.
        case present
        /// Something was added to a sum.
        case amount(Int64)
    }

    /// A write that returned.
    struct Receipt {
        var dot: Dot
        var marks: [Place: Mark]
    }

    private(set) var receipts: [Dot: Receipt] = [:]
    /// Writes whose only copies were taken back by restored backups.
    private(set) var lost: Set<Dot> = []

    mutating func add(_ receipt: Receipt) { receipts[receipt.dot] = receipt }

    /// Takes the writes out that no disk holds any more.
    mutating func strike(_ dots: [Dot]) {
        for dot in dots where receipts.removeValue(forKey: dot) != nil { lost.insert(dot) }
    }

    /// The ledger without writes that do not count.
    func striking(_ isVoid: (Dot) -> Bool) -> Ledger {
        var ledger = self
        ledger.receipts = receipts.filter { !isVoid($0.key) }
        return ledger
    }

    var sorted: [Receipt] { receipts.values.sorted { $0.dot < $1.dot } }
}
