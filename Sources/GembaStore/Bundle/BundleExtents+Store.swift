import GembaCausality
import GembaWire

extension BundleExtents {
    /// What a bundle for somebody has in it.
    ///
    /// - Parameter known: what the reader is said to hold. A claim chooses what is sent, and nothing else: where it names
    ///   another hash than is held here, nothing of that log is left out.
    init(_ context: StoreContext, since known: [ChangeReference]) throws {
        self.init()
        let log = context.log
        rosterEnd = try log.vector(of: .roster)
        let claimed = try log.covered(by: known)
        for tip in try log.tips(of: .data) {
            let floor = try log.floor(of: tip.number)
            for path in try log.localEnds(of: tip) {
                let reference = try log.publicReference(to: path.end)
                end.append(reference)
                var last = claimed[reference.replica].map { min($0, path.end.sequence) }
                if let floor, path.first <= floor, last.map({ $0 < floor }) ?? true {
                    let start = LocalDot(replica: tip.number, sequence: min(floor, path.end.sequence))
                    last = start.sequence
                    floors.append(try log.publicReference(to: start))
                }
                guard let last else { continue }
                base.append(try log.publicReference(to: LocalDot(replica: tip.number, sequence: last)))
            }
        }
        end.sort { $0.replica < $1.replica }
        floors.sort { $0.replica < $1.replica }
        base.sort { $0.replica < $1.replica }
    }
}

extension LogStore {
    /// Up to where references cover the paths of data logs, by public names.
    fileprivate func covered(by references: [ChangeReference]) throws -> VersionVector {
        var covered = VersionVector()
        for reference in references {
            if let dot = try resolve(reference, kind: .data) {
                for end in try pathEnds(leadingTo: dot) { covered.insert(end) }
            } else if let tip = try tip(of: reference.replica), tip.kind == .data, reference.sequence > tip.sequence,
                try !branches().isForked(tip.number)
            {
                covered.insert(Dot(tip.name, tip.sequence))
            }
        }
        return covered
    }
}
