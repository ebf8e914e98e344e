import Foundation

/// The numbers of `Protocol/registry.md`, by section.
struct Registry {
    struct Row: Hashable {
        let number: Int64
        let name: String
        let isReserved: Bool
    }

    let sections: [String: [Row]]

    init(_ text: String) {
        var sections: [String: [Row]] = [:]
        var section = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), cells.count == 3, let number = Int64(cells[0]) else { continue }
            sections[section, default: []].append(
                Row(number: number, name: cells[1], isReserved: cells[2] == "reserved"))
        }
        self.sections = sections
    }

    subscript(section: String) -> [Row] { sections[section] ?? [] }

    /// The numbers in use that the vectors do not show, and those that the vectors show and nobody registered.
    func differences(from shown: [String: Set<Int64>]) -> [String] {
        shown.flatMap { section, numbers in
            let inUse = Set(self[section].filter { !$0.isReserved }.map(\.number))
            return inUse.subtracting(numbers).map { "\(section) \($0) is in no vector" }
                + numbers.subtracting(self[section].map(\.number)).map { "\(section) \($0) is not registered" }
        }
    }
}
