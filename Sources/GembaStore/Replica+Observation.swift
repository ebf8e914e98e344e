public import GRDB
import GembaWire

extension Replica {
    /// How often the log is looked at; an answer is late by no more than this and the time that the query takes.
    private static let observationPeriod = Duration.milliseconds(50)

    /// The answers of a query: the first at once, then one whenever it differs from the one before, whoever made the
    /// change: this process, another one on the same folder, or a peer.
    ///
    /// ```swift
    /// for try await names in replica.observe({ try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }) {
    ///     show(names)
    /// }
    /// ```
    ///
    /// The query runs again after every change to replicated tables, so it should be a quick one. Answers that nobody has
    /// taken yet give way to newer ones. Ends when the loop does, and with the error of a query that throws.
    public func observe<Answer: Equatable & Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Answer
    ) -> AsyncThrowingStream<Answer, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task { [self] in
                do {
                    var positions: [Int64] = []
                    var last: Answer?
                    while !Task.isCancelled {
                        // Read before the query: what is written in between is found again at the next look.
                        let now = try await heldPositions()
                        if now != positions {
                            positions = now
                            let answer = try await read(query)
                            if answer != last { continuation.yield(answer) }
                            last = answer
                        }
                        try await Task.sleep(for: Self.observationPeriod)
                    }
                    continuation.finish()
                } catch is CancellationError {
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func heldPositions() async throws -> [Int64] {
        try await read { [self] database in
            let context = try reader(on: database)
            return try LogKind.allCases.map(context.log.lastPosition(of:))
        }
    }
}
