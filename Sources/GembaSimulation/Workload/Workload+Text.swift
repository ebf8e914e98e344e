import GRDB
import GembaCausality
import GembaStore

extension Workload {
    /// Characters of one to four bytes, some of which join what stands before them.
    private static let passages = ["a", "press 4 ", "ż", "e\u{301}", "\r\n", "👩‍🔧", "再起動", "stopped again. "]

    /// Writes, cuts or rewrites a passage in the story of an item, as people do who all do so at once.
    mutating func writeStory(_ tx: WriteTransaction) throws {
        guard try tx.database.columns(in: "item").contains(where: { $0.name == "story" }),
            let row = try visibleRow("item", tx)
        else { return }
        let story = try String.fetchOne(tx.database, sql: "SELECT story FROM item WHERE id = ?", arguments: [row]) ?? ""
        let length = story.unicodeScalars.count
        let start = random.below(length + 1)
        let removed = random.chance(0.6) ? 0 : random.below(min(length - start, 12) + 1)
        let text = random.chance(0.25) ? "" : random.pick(Self.passages) ?? ""
        if random.chance(0.2) {
            let words = story.split(separator: " ", omittingEmptySubsequences: false)
            try tx.setText("story", of: row, in: "item", to: words.shuffled(using: &random).joined(separator: " "))
        } else {
            try tx.replace(start..<start + removed, with: text, in: "story", of: row, in: "item")
        }
    }
}
