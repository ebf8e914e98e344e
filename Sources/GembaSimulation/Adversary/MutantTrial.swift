import GembaWire

/// Damages what authors signed, in every form that it takes, and has it verified as production does: no mutant may be believed
/// that says anything but what its author said (guarantee G9).
public struct MutantTrial: Sendable {
    /// What became of the mutants.
    public struct Tally: Sendable, CustomStringConvertible {
        /// Mutants that were made; those that came out as they went in are not counted.
        public var mutants = 0
        /// Mutants of which nothing was believed.
        public var refused = 0
        /// Mutants of which a part was believed that is as its author made it: others cannot prevent that part of what they
        /// carry is withheld, or the frame around it changed.
        public var harmless = 0
        /// How to make each mutant again that was believed and says something else.
        public var deceptions: [String] = []

        /// Counts nothing yet.
        public init() {}

        /// Adds another tally.
        public mutating func add(_ other: Tally) {
            mutants += other.mutants
            refused += other.refused
            harmless += other.harmless
            deceptions += other.deceptions
        }

        /// The counts, in words.
        public var description: String {
            "\(mutants) mutants: \(refused) refused, \(harmless) without harm, \(deceptions.count) believed"
        }
    }

    private let logs: SampleLogs
    private let judge: MutantJudge

    /// Makes the samples of a seed.
    public init(seed: UInt64) throws {
        logs = try SampleLogs(seed: seed)
        judge = MutantJudge(logs)
    }

    /// Makes and judges the mutants of these numbers.
    public func run(_ numbers: Range<UInt64>) -> Tally {
        var tally = Tally()
        for number in numbers {
            var random = SeededGenerator(seed: number)
            let form = MutantForm.allCases[random.below(MutantForm.allCases.count)]
            let (whole, mutant) = makeMutant(of: form, using: &random)
            guard mutant != whole else { continue }
            tally.mutants += 1
            let beliefs = form.believed(mutant, by: judge)
            if beliefs.isEmpty {
                tally.refused += 1
            } else if beliefs.allSatisfy(judge.isTrue) {
                tally.harmless += 1
            } else {
                tally.deceptions.append("\(form), number \(number)")
            }
        }
        return tally
    }

    /// Whether the samples themselves are believed in full; without that, a refusal of mutants would say nothing.
    public func believesSamples(seed: UInt64) -> Bool {
        var random = SeededGenerator(seed: seed)
        return MutantForm.allCases.allSatisfy { form in
            let beliefs = form.believed(form.encode(sampleRuns(of: form, &random), of: logs, using: &random), by: judge)
            return !beliefs.isEmpty && beliefs.allSatisfy(judge.isTrue)
        }
    }

    private func makeMutant(
        of form: MutantForm, using random: inout SeededGenerator
    ) -> (whole: [UInt8], mutant: [UInt8]) {
        var runs = sampleRuns(of: form, &random)
        var encoding = random.fork()
        var again = encoding
        let whole = form.encode(runs, of: logs, using: &encoding)
        if random.chance(0.5) {
            for _ in 0..<random.number(in: 1...2) {
                let mutation = RunMutation.allCases[random.below(RunMutation.allCases.count)]
                mutation.apply(to: &runs[random.below(runs.count)], of: logs, using: &random)
            }
        }
        var mutant = form.encode(runs, of: logs, using: &again)
        if mutant == whole || random.chance(0.3) {
            let other = sampleRuns(of: .stream, &random)[0].encoded()
            for _ in 0..<random.number(in: 1...2) {
                let mutation = ByteMutation.allCases[random.below(ByteMutation.allCases.count)]
                mutation.apply(to: &mutant, other: other, using: &random)
            }
        }
        return (whole, mutant)
    }

    /// Some runs between heads, all of data logs or all of the roster log.
    private func sampleRuns(of form: MutantForm, _ random: inout SeededGenerator) -> [Run] {
        let isRoster = random.chance(0.2) && form.carriesRoster
        let candidates = logs.logs.filter { ($0.kind == .roster) == isRoster }
        return (0..<random.number(in: 1...3)).compactMap { _ in
            guard let log = random.pick(candidates), let head = random.pick(log.heads) else { return nil }
            let starts = [0] + log.heads.map { Int($0.sequence) + 1 }.filter { $0 <= Int(head.sequence) }
            return log.run(from: starts[random.below(starts.count)], to: head)
        }
    }

    // MARK: - Single bits

    /// How a change is found when every one of its bits is flipped.
    public enum Whereabouts: Sendable, CaseIterable {
        /// As it is stored.
        case stored
        /// In a frame. What is around the run in the frame is the link's to protect, and nobody believes it.
        case inFlight
    }

    /// Flips every bit of a run of one change of four kilobytes, and judges each.
    public func flipEveryBit(_ whereabouts: Whereabouts) -> Tally {
        guard let run = logs.largeChange else { return Tally() }
        let stored = run.encoded()
        switch whereabouts {
        case .stored: return flip(stored, 0..<stored.count, as: .storedRun)
        case .inFlight:
            let batch = BatchMessage(kind: .data, round: 1, offset: 0, runs: [run])
            let frame = Frame(session: SessionID(rawValue: 1), message: .batch(batch)).encoded()
            return flip(frame, frame.count - stored.count..<frame.count, as: .batch)
        }
    }

    private func flip(_ bytes: [UInt8], _ range: Range<Int>, as form: MutantForm) -> Tally {
        var tally = Tally()
        var mutant = bytes
        for index in range {
            for bit in 0..<8 {
                mutant[index] ^= 1 << UInt8(bit)
                let beliefs = form.believed(mutant, by: judge)
                mutant[index] ^= 1 << UInt8(bit)
                tally.mutants += 1
                if beliefs.isEmpty {
                    tally.refused += 1
                } else {
                    tally.deceptions.append("\(form), bit \(bit) of byte \(index)")
                }
            }
        }
        return tally
    }
}
