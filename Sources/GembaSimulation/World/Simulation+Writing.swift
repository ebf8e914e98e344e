import Foundation
import GRDB
import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// What people do.
extension Simulation {
    /// Makes a random change at a node, by its own process or by another on the same database.
    func write(at node: SimulatedNode) throws {
        guard node.process != nil, node.role != .relay else { return }
        if node.awaitsEvidence {
            guard !observer.isBehindOthers(node) else { return }
            node.awaitsEvidence = false
        }
        let copy = options.plantedBugs.contains(.losesCommits) ? try copyFolder(of: node) : nil
        let dropsRecord = options.faults.contains(.crashBeforeSideFile) && random.chance(0.05)
        let record = dropsRecord ? try? Data(contentsOf: URL(filePath: node.folder + "/replica.side")) : nil
        let isForeign = options.faults.contains(.otherProcesses) && random.chance(0.3)
        if isForeign {
            let other = try Replica.open(in: node.folder, schema: node.schema, sources: sources(of: node))
            try change(other, node)
        } else if let replica = node.process?.replica {
            try change(replica, node)
        }
        try observer.observe(node)
        if let record {
            try record.write(to: URL(filePath: node.folder + "/replica.side"))
            count(.crashBeforeSideFile)
            try crash(node, isSilent: false)
            return
        }
        // What another process wrote the engine finds by itself, at its next tick.
        if !isForeign { node.process?.engine.noticeLocalChanges(at: moment(of: node)) }
        try settle(node)
        if let copy, node.process != nil, random.chance(0.1) { try finishCrash(of: node, leaving: copy) }
    }

    private func change(_ replica: Replica, _ node: SimulatedNode) throws {
        let before = try replica.currentTip()
        let draft: Workload.Draft
        do {
            draft = try replica.write(by: "person \(random.below(5))", because: "r\(random.below(3))") { tx in
                try workload.act(tx, at: node.index)
            }
        } catch is Workload.ChangeOfMind {
            try refuse(replica, before, node)
            return
        } catch let error as StoreError where error.code == .notPermitted {
            guard try replica.roster().members[replica.identity.stationKey] == nil else { throw error }
            try refuse(replica, before, node)
            return
        }
        guard let tip = try replica.currentTip(), tip != before else {
            guard draft.marks.isEmpty else { throw Violation(.conduct, at: node.name, "a write left nothing") }
            return
        }
        counts.writes += 1
        if let before, before.replica != tip.replica { counts.incarnations += 1 }
        trace.add(6, time.now, node.index, Int(truncatingIfNeeded: tip.prefix.rawValue))
        try observer.observe(node)
        observer.ledger.add(Ledger.Receipt(dot: observer.history[tip.prefix] ?? tip.dot, marks: draft.marks))
        try checkOwnWrite(draft, replica, node)
        try noteSecret(tip.prefix, replica)
    }

    private func refuse(_ replica: Replica, _ before: ChangeReference?, _ node: SimulatedNode) throws {
        counts.refusedWrites += 1
        // A form may show what this write had done before it was taken back.
        workload.closeForms(at: node.index)
        guard try replica.currentTip() == before else {
            throw Violation(.atomicity, at: node.name, "a write that threw made a change")
        }
    }

    /// An author sees what it just wrote, and nothing beside it where it replaced all that was there (M3).
    private func checkOwnWrite(_ draft: Workload.Draft, _ replica: Replica, _ node: SimulatedNode) throws {
        for place in draft.settled {
            guard case .register(let table, let row, _) = place, case .values(let values)? = draft.marks[place] else {
                continue
            }
            let shown = try replica.read {
                try Row.fetchOne($0, sql: "SELECT * FROM \(table) WHERE id = ?", arguments: [row])
            }
            guard let shown else { throw Violation(.durability, at: node.name, "the author does not see its own row") }
            for (column, value) in values where Value.fromDatabaseValue(shown[column]) != value {
                throw Violation(
                    .durability, at: node.name, "the author does not see its own \(value) in \(table).\(column)")
            }
        }
    }
}
