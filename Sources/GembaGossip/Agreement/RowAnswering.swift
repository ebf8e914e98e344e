internal import GembaWire

/// The answering end of a comparison of rows. It remembers the last question and no more, and answers no faster than its pace:
/// a peer that asks all the time costs a bounded share of a processor.
struct RowAnswering: Sendable {
    private var question: CompareMessage?
    /// What the store is looking up.
    private var reading: CompareMessage?
    private var rangePace: TokenBucket<Instant>
    private var rowPace: TokenBucket<Instant>

    init(limits: SessionLimits) {
        rangePace = TokenBucket(capacity: limits.rangeBurst, refill: limits.rangeRefill)
        rowPace = TokenBucket(capacity: limits.rowBurst, refill: limits.rowRefill)
    }

    mutating func receive(_ question: CompareMessage) { self.question = question }

    /// - Parameter mayAnswer: whether nothing more urgent is to be sent.
    mutating func advance(mayAnswer: Bool, at now: Instant, into outbox: inout Outbox) {
        guard let question, reading == nil, mayAnswer else { return }
        switch question.subject {
        case .ranges: guard rangePace.take(at: now) else { return }
        case .rows: guard rowPace.take(at: now) else { return }
        }
        reading = question
        self.question = nil
        outbox.add(.consultRows(question.basis, .answer(question.subject)))
    }

    /// The store has looked; nil when this node's rows are made from something else, or it cannot tell.
    mutating func receive(_ content: StatementMessage.Content?, into outbox: inout Outbox) {
        guard let question = reading else { return }
        reading = nil
        outbox.send(.statement(StatementMessage(number: question.number, content: content)))
        // Whoever is told that all is equal tells the same by that.
        if case .ranges(let asked) = question.subject, asked.map(\.range) == [.all], content == .ranges([]) {
            outbox.add(.rowsCompared(question.basis, .equal))
        }
    }
}
