import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@Suite("Packed runs")
struct PackedRunTests {
    @Test("S22: the runs of a stream come out as they went in, whatever they hold")
    func roundTrip() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var (sender, receiver) = (PackingContext(), PackingContext())
            for _ in 0..<5 {
                let run = random.run()
                let packed = try PackedRun(packing: run, in: &sender)
                #expect(packed.entryCount == run.entries.count)
                let read = try PackedRun(decoding: packed.encoded())
                try #require(read.unpacked(in: &receiver) == run, "seed \(seed)")
                try #require(sender == receiver, "seed \(seed)")
            }
        }
    }

    @Test("S15, S17: what the stream said before is not said again")
    func repetition() throws {
        var random = SeededGenerator(seed: 1)
        var context = PackingContext()
        let seal = SealParameters(epoch: random.fixed(), nonce: random.bytes(12))
        let entry = Entry(deps: [], seal: seal, body: random.bytes(100)).encoded()
        let run = Run(
            replica: random.fixed(), first: 300, previous: random.fixed(), entries: [entry],
            signature: random.bytes(64))
        let first = try PackedRun(packing: run, in: &context)
        #expect(first.forms == [.init(epoch: .new(seal.epoch.rawValue), coding: .identity, count: nil)])
        let second = try PackedRun(packing: run, in: &context)
        #expect(second.log == .known(0))
        #expect(second.forms.isEmpty)
        // Beside body and nonce: signature, previous, number, name and the heads of these.
        #expect(second.encoded().count == 112 + 66 + 17 + 3 + 1 + 3)
        #expect(run.encoded().count - second.encoded().count >= 40)
    }

    @Test("S16: names beyond the limit are said again each time")
    func fullContext() throws {
        var (sender, receiver) = (PackingContext(), PackingContext())
        let entry = Entry(deps: [], body: [1]).encoded()
        func run(_ name: Int) -> Run {
            Run(
                replica: ReplicaID(rawValue: UInt128(name)), first: 0, previous: nil, entries: [entry],
                signature: [UInt8](repeating: 0, count: 64))
        }
        for name in 0..<Limits.packedNames + 2 {
            _ = try PackedRun(packing: run(name), in: &sender).unpacked(in: &receiver)
        }
        let last = Limits.packedNames - 1
        #expect(try PackedRun(packing: run(last), in: &sender).log == .known(UInt64(last)))
        #expect(try PackedRun(packing: run(last + 1), in: &sender).log == .new(UInt128(last + 1)))
        #expect(sender != PackingContext())
        _ = try PackedRun(packing: run(last + 1), in: &receiver)
        #expect(sender == receiver)
    }

    @Test("a run with an entry that no log can hold is not packed, and leaves the context as it was")
    func unpackable() {
        var random = SeededGenerator(seed: 2)
        var run = random.run()
        run.entries.append([0xFF])
        var context = PackingContext()
        #expect(
            PackMessage(packing: BatchMessage(kind: .data, round: 1, offset: 0, runs: [run]), in: &context) == nil)
        #expect(context == PackingContext())
    }

    @Test("with bytes changed it is refused, or other runs come out")
    func mutations() throws {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var context = PackingContext()
            var packed = try PackedRun(packing: random.run(), in: &context)
            if !packed.lengths.isEmpty, random.once(in: 2) {
                packed.lengths[random.below(packed.lengths.count)] = UInt8(random.below(256))
            }
            if !packed.bodies.isEmpty, random.once(in: 2) { packed.bodies.removeLast() }
            for index in packed.forms.indices where random.once(in: 2) {
                packed.forms[index].epoch = random.once(in: 2) ? nil : .known(random.natural())
                if packed.forms[index].count != nil { packed.forms[index].count = random.natural() }
            }
            for index in packed.deps.indices where random.once(in: 2) { packed.deps[index].place = random.natural() }
            var receiver = PackingContext()
            guard let run = try? packed.unpacked(in: &receiver) else { continue }
            let bytes = run.entries.reduce(0) { $0 + $1.count }
            // An entry has at most this beside what came for it; deps come in full.
            #expect(bytes <= packed.bodies.count + 40 * packed.entryCount + 2 * packed.encoded().count)
        }
    }
}
