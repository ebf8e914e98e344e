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
        rosterEnd = try log.tips(of: .roster).map(\.reference)
        let claims = Dictionary(known.map { ($0.replica, $0) }) { first, _ in first }
        for tip in try log.tips(of: .data) {
            end.append(tip.reference)
            var last: SequenceNumber?
            if let claim = claims[tip.replica] {
                if claim.sequence > tip.sequence {
                    last = tip.sequence
                } else if try log.resolve(claim, kind: .data) != nil {
                    last = claim.sequence
                }
            }
            let floor = try log.floor(of: tip.number)
            if let floor, last.map({ $0 < floor }) ?? true {
                last = floor
                floors.append(try log.reference(to: LocalDot(replica: tip.number, sequence: floor)))
            }
            if let last { base.append(try log.reference(to: LocalDot(replica: tip.number, sequence: last))) }
        }
    }
}
