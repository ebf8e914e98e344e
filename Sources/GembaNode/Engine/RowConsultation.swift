import GembaGossip
import GembaStore
import GembaWire

/// What was found out about own rows for a session.
struct RowConsultation: Sendable {
    var basis: AgreementBasis
    var request: RowRequest
    /// Nil when rows are made from something else than the basis by now.
    var report: RowReport?
    /// The rows that were made anew for it.
    var repaired: [RowDifference]
}

extension Replica {
    /// Looks at rows for a session.
    ///
    /// - Returns: what the session is told, nil when rows are made from something else than `basis` by now; and the rows that
    ///   were made anew for it.
    func report(
        on request: RowRequest, basis: AgreementBasis, replayed: [RowKey: RowDigest]
    ) throws -> (report: RowReport?, repaired: [RowDifference]) {
        switch request {
        case .ranges(let stated):
            return (try statements(like: stated, on: basis).map { .ranges($0) }, [])
        case .replay(let rows):
            guard let repaired = try replay(rows, on: basis) else { return (nil, []) }
            return (.replayed(repaired), repaired)
        case .states(let rows):
            return (try states(of: rows, on: basis).map { .states($0) }, [])
        case .answer(.ranges(let ranges)):
            guard try rowRoot(steps: AgreementDesk.steps)?.basis == basis else { return (nil, []) }
            return (try statements(differingFrom: ranges, on: basis).map { .answer(.ranges($0)) }, [])
        case .answer(.rows(let rows)):
            guard let before = try states(of: rows, on: basis) else { return (nil, []) }
            let doubtful = before.filter { replayed[$0.key] != RowDigest(of: $0.state) }.map(\.key)
            if doubtful.isEmpty { return (.answer(.rows(before)), []) }
            guard let repaired = try replay(doubtful, on: basis) else { return (nil, []) }
            return (try states(of: rows, on: basis).map { .answer(.rows($0)) }, repaired)
        }
    }
}
