import Foundation
import Gemba
import GembaCRDT

/// Two people's concurrent keystrokes, 26,000 changes, merged by a third replica one by one and all at once.
///
/// Loro and Yrs do the same beside it where their Python packages are installed. What their loop costs in Python alone
/// is measured and taken off.
struct TextMerging: Measurement {
    static let figures =
        [Figure("text-merge-ms", goal: 20, unit: .milliseconds, "merge 26,000 concurrent keystrokes one by one")]
        + ["loro", "yrs"].flatMap { peer in
            [
                Figure("text-merge-\(peer)-one-by-one", goal: 1, "the same, over \(peer)"),
                Figure(
                    "text-merge-\(peer)-at-once", goal: 1, "open what they became, over \(peer) merging them at once"),
            ]
        }

    private static let rounds = 5

    func run(on bench: Bench) throws {
        guard let folder = TextTrace.folder else { return bench.note(TextTrace.absence) }
        let trace = try TextTrace(named: "friendsforever", in: folder)
        let changes = write(trace)
        let peers = try TextPeers(script: Self.script, traces: folder)
        var (one, whole) = (Series(), Series())
        for _ in 0..<Self.rounds {
            var document = TextDocument<Dot>()
            one.time { for change in changes { document.apply(change.operation, as: change.name) } }
            precondition(document.text == trace.endContent, "the merged text differs")
            let saved = document.saved
            let opened = try whole.time { try TextDocument(saved) }
            precondition(opened.text == trace.endContent, "the opened text differs")
            try peers.measure()
        }
        bench.add("text-merge-ms", one.over(1e-3))
        if peers.all.isEmpty { bench.note("text: no comparison with Loro and Yrs: pip install loro pycrdt") }
        for (name, times) in peers.all.sorted(by: { $0.key < $1.key }) {
            let own = name.hasSuffix("one-by-one") ? one : whole
            bench.add("text-merge-\(name.lowercased())", own, over: times, of: name)
        }
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../text-peers.py").standardizedFileURL.path

    private struct Change {
        var name: Dot
        var operation: TextOperation<Dot>
    }

    /// Writes the trace as its authors did, each in a document of their own that has what they had seen.
    private func write(_ trace: TextTrace) -> [Change] {
        var writers: [TextDocument<Dot>] = []
        var taken: [Int] = []
        var versions: [[Int]] = []
        var changes: [Change] = []
        var ownByAgent: [[Int]] = []
        for (number, transaction) in trace.txns.enumerated() {
            let agent = transaction.agent ?? 0
            while writers.count <= agent {
                writers.append(TextDocument())
                taken.append(0)
                ownByAgent.append([])
            }
            // The latest transaction of each agent that this one knew.
            var known: [Int] = []
            for parent in transaction.parents ?? [] {
                for (other, latest) in versions[parent].enumerated() {
                    while known.count <= other { known.append(-1) }
                    known[other] = max(known[other], latest)
                }
            }
            for (other, latest) in known.enumerated() where other != agent {
                for change in ownByAgent[other].drop(while: { $0 < taken[agent] }).prefix(while: { $0 <= latest }) {
                    writers[agent].apply(changes[change].operation, as: changes[change].name)
                    taken[agent] = change + 1
                }
            }
            var edit = TextEdit()
            for patch in transaction.patches {
                edit.replace(patch.position..<patch.position + patch.removed, with: patch.text)
            }
            let name = Dot(ReplicaID(rawValue: UInt128(agent + 1)), SequenceNumber(ownByAgent[agent].count + 1))
            changes.append(Change(name: name, operation: writers[agent].apply(edit, as: name)))
            while known.count <= agent { known.append(-1) }
            known[agent] = number
            versions.append(known)
            ownByAgent[agent].append(number)
        }
        return changes
    }
}

/// Other libraries that merge the same trace, through a script that measures once for each line it is sent.
private final class TextPeers {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private(set) var all: [String: Series] = [:]

    init(script: String, traces: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script, "\(traces)/friendsforever.json.gz"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func measure() throws {
        try? input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        guard let line = try line(), let times = try? JSONDecoder().decode([String: Double].self, from: line) else {
            return
        }
        for (name, seconds) in times { all[name, default: Series()].add(seconds) }
    }

    private func line() throws -> Data? {
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            if byte == Data("\n".utf8) { return line }
            line += byte
        }
        return nil
    }
}
