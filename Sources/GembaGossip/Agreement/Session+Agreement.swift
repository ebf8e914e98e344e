public import GembaWire

extension Session {
    // MARK: - Inputs: asking

    /// Whether both ends hold the same, as far as is known, so that it is worth asking whether their rows are the same.
    public var mayCompareRows: Bool {
        end == nil && configuration.standing == .members && peer?.knowsAgreement == true && !comparison.isActive
            && roster.isSettled && data.isSettled && !data.outgoing.isUnacknowledged
            && !roster.outgoing.isUnacknowledged
    }

    /// Whether a comparison that this node began is under way.
    public var isComparingRows: Bool { comparison.isActive }

    /// Asks the peer whether its rows are the same; ``SessionAction/rowsCompared(_:_:)`` tells what came of it.
    ///
    /// - Parameters:
    ///   - basis: what this node's rows are made from.
    ///   - root: the fingerprint of all of them.
    public mutating func beginComparison(
        _ basis: AgreementBasis, root: RowFingerprint, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in session.comparison.begin(basis, root: root) }
    }

    // MARK: - Inputs: the store

    /// Answers ``SessionAction/consultRows(_:_:)``; nil when the store's rows are made from something else by now, or it could
    /// not look.
    public mutating func onRows(_ report: RowReport?, to request: RowRequest, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            if case .answer = request {
                if case .answer(let content) = report {
                    session.answering.receive(content, into: &outbox)
                } else {
                    session.answering.receive(nil, into: &outbox)
                }
            } else {
                session.comparison.receive(report, into: &outbox)
            }
        }
    }

    // MARK: - Course

    /// Asks and answers when there is nothing else to do.
    mutating func advanceAgreement(at now: Instant, into outbox: inout Outbox) {
        let isQuiet = data.phase == .streaming && linkIsWritable && applying == nil
        comparison.advance(mayAsk: isQuiet && data.awaitsNothing(at: now), at: now, into: &outbox)
        answering.advance(mayAnswer: isQuiet && data.outgoing.isIdle, at: now, into: &outbox)
    }

    /// Takes in a message about rows. In the lobby nobody is told anything of them.
    mutating func receiveAgreement(
        _ message: Message, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard configuration.standing == .members else { return }
        switch message {
        case .compare(let question): answering.receive(question)
        case .statement(let statement): try comparison.receive(statement, into: &outbox)
        default: break
        }
    }
}
