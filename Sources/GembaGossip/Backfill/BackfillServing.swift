internal import GembaWire

/// The giving end of a backfill: answers the peer's questions for bodies, one after another, when nothing else is to be sent.
///
/// It remembers the last question and no more. A peer that asks faster than it is answered has its earlier questions
/// forgotten.
struct BackfillServing: Sendable {
    private var question: BackfillMessage?
    /// What the store is reading for.
    private var reading: BackfillMessage?
    private var pace: TokenBucket<Instant>

    init(limits: SessionLimits) {
        pace = TokenBucket(capacity: limits.backfillBurst, refill: limits.backfillRefill)
    }

    mutating func receive(_ question: BackfillMessage) { self.question = question }

    /// - Parameters:
    ///   - round: the round that is under way.
    ///   - mayAnswer: whether nothing more urgent is to be sent.
    mutating func advance(round: UInt64, mayAnswer: Bool, at now: Instant, into outbox: inout Outbox) {
        guard let question, reading == nil, mayAnswer else { return }
        guard question.round == round else {
            if question.round < round { self.question = nil }
            return
        }
        guard pace.take(at: now) else { return }
        reading = question
        self.question = nil
        outbox.add(.readBodies(question))
    }

    /// The store has read; nil when it could not, so that the peer asks again.
    mutating func receive(_ loaded: LoadedBodies?, into outbox: inout Outbox) {
        guard let question = reading else { return }
        reading = nil
        guard let loaded,
            let answer = try? BodiesMessage(
                answering: question, position: loaded.position, isLast: loaded.reachedEnd, packing: loaded.runs)
        else { return }
        outbox.send(.bodies(answer))
    }
}
