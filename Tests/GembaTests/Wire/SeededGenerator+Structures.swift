import GembaCausality
import GembaSimulation
import GembaWire

/// Random structures in normal form.
extension SeededGenerator {
    mutating func fixed<T: SixteenBytes>(_: T.Type = T.self) -> T { T(rawValue: .random(in: 0...(.max), using: &self)) }

    mutating func fixed<T: ThirtyTwoBytes>(_: T.Type = T.self) -> T {
        T(
            rawValue: ThirtyTwoByteValue(
                high: .random(in: 0...(.max), using: &self), low: .random(in: 0...(.max), using: &self)))
    }

    /// A number of any magnitude, so that every length of head occurs.
    mutating func natural() -> UInt64 { next() >> UInt64(1 + below(63)) }

    mutating func integer() -> Int64 { Int64(truncatingIfNeeded: next()) >> Int64(below(64)) }

    mutating func text(upTo maximum: Int = 12) -> String {
        let alphabet: [Character] = ["a", "Z", "0", " ", "\n", "ä", "e\u{301}", "現", "場", "👩‍🏭", "\u{202E}", "\u{7F}"]
        return String(list(upTo: maximum) { alphabet[$0.below(alphabet.count)] })
    }

    mutating func value() -> Value {
        switch below(6) {
        case 0: return .null
        case 1: return .integer(integer())
        case 2: return .text(text())
        case 3: return .blob(bytes(below(30)))
        default:
            let value = Value.real(once(in: 2) ? Double(bitPattern: next()) : Double(integer()) / 8)
            return value.isCanonical ? value : .null
        }
    }

    mutating func reference() -> ChangeReference {
        ChangeReference(replica: fixed(), sequence: 1 + natural() / 2, prefix: fixed())
    }

    mutating func references(upTo maximum: Int = 5) -> [ChangeReference] {
        list(upTo: maximum) { $0.reference() }.sorted { $0.replica < $1.replica }
    }

    mutating func entry() -> Entry {
        let seal = once(in: 2) ? SealParameters(epoch: fixed(), nonce: bytes(12)) : nil
        let coding: BodyCoding = once(in: 2) ? .zstandard : .identity
        return Entry(deps: references(), seal: seal, coding: coding, body: bytes(below(300)))
    }

    mutating func member() -> Member {
        Member(name: text(upTo: 2), role: Role.allCases[below(4)], transport: fixed(), sealing: fixed())
    }

    mutating func genesis() -> Genesis {
        let founding = once(in: 2) ? Founding(plantName: text(upTo: 2), recovery: fixed(), founder: member()) : nil
        return Genesis(
            kind: founding != nil || once(in: 2) ? .roster : .data, plant: founding == nil ? fixed() : nil,
            station: fixed(), random: bytes(16), incarnation: 1 + natural() / 2, predecessors: references(upTo: 2),
            rosterFrontier: founding == nil ? references(upTo: 2) : [], founding: founding)
    }

    mutating func signedHead() -> SignedHead {
        SignedHead(replica: fixed(), sequence: natural(), hash: fixed(), signature: bytes(64))
    }

    mutating func run() -> Run {
        let first = once(in: 3) ? 0 : 1 + natural() / 2
        return Run(
            replica: fixed(), first: first, previous: first == 0 ? nil : fixed(),
            entries: [entry().encoded()] + list(upTo: 3) { $0.entry().encoded() }, signature: bytes(64))
    }

    // MARK: - Roster

    mutating func rosterBody() -> RosterBody {
        RosterBody(
            timestamp: HybridTimestamp(rawValue: natural()), lamport: 1 + natural() / 2, actor: text(), reason: text(),
            acts: [act()] + list(upTo: 4) { $0.act() })
    }

    private mutating func act() -> RosterAct {
        switch below(14) {
        case 8: .epoch(fixed(), wraps: wraps())
        case 9: .revoke(station: fixed(), cut: references(upTo: 3))
        case 10: .retire(station: fixed(), cut: references(upTo: 3))
        case 11: .rekey(counter: natural(), transport: fixed(), sealing: fixed())
        case 12: .reinstate(station: fixed(), removals: removals())
        case 13: .policy(counter: natural(), flags: PlantPolicy(rawValue: natural()))
        case 6: .lapse(station: fixed(), head: once(in: 2) ? nil : references(upTo: 1).first)
        case 7: .returned
        case 0: .invite(key: fixed(), role: Role.allCases[below(4)], name: text(upTo: 2), validForSeconds: natural())
        case 1: .join(invite: fixed(), member: member(), signature: bytes(64))
        case 2: .admit(replica: fixed())
        case 3: .close(invite: fixed())
        case 4: .endpoints(counter: natural(), addresses: list(upTo: 3) { "tcp://" + $0.text() })
        default: .unknown(kind: 16, encoded: Item.array([16, .bytes(bytes(20)), [.map([(1, nil)])]]).encoded)
        }
    }

    private mutating func wraps() -> [EpochWrap] {
        let keys = Set([fixed(SealingKey.self)] + list(upTo: 3) { $0.fixed() }).sorted()
        return keys.map { EpochWrap(recipient: $0, encapsulated: bytes(32), sealed: bytes(48)) }
    }

    /// At times two of one log.
    private mutating func removals() -> [ChangeReference] {
        let first = ChangeReference(replica: fixed(), sequence: natural() / 2, prefix: fixed())
        let second = ChangeReference(replica: first.replica, sequence: first.sequence + 1, prefix: fixed())
        return once(in: 2) ? [first] : [first, second]
    }

    // MARK: - Changes

    /// A change with the place that its meaning depends on.
    mutating func placedChange() -> PlacedChange {
        let author = fixed(ReplicaID.self)
        let sequence = 2 + natural() / 2
        let references = self.references()
        let known = [Dot(author, sequence - 1)] + references.map(\.dot)
        let operations = list(upTo: 4) { $0.operation(known: known) }
        let item = Item.text(text()).encoded
        return PlacedChange(
            author: author, sequence: sequence,
            body: ChangeBody(
                timestamp: HybridTimestamp(rawValue: natural()), lamport: 1 + natural() / 2, schemaVersion: natural(),
                actor: text(), reason: text(),
                operations: operations.sorted { ($0.table, $0.row) < ($1.table, $1.row) }, references: references,
                extensions: once(in: 3) ? [natural() / 2: item, 1 << 63 - 1: [0xF6]] : [:]))
    }

    private mutating func operation(known: [Dot]) -> RowOperation {
        let verb = [RowOperation.Verb.insert, .edit, .delete][below(3)]
        var effects: [GroupID: Effect.Content] = [:]
        for _ in 0..<below(5) {
            let group = GroupID(rawValue: UInt32(truncatingIfNeeded: natural()))
            effects[group] = content(group: group, verb: verb, known: verb == .insert ? [] : known)
        }
        return RowOperation(
            table: TableID(rawValue: UInt32(below(40))), row: fixed(), verb: verb,
            saw: verb == .insert ? [] : dots(known),
            effects: effects.map { Effect(group: $0.key, content: $0.value) }.sorted { $0.group < $1.group })
    }

    private mutating func content(group: GroupID, verb: RowOperation.Verb, known: [Dot]) -> Effect.Content {
        switch below(verb == .insert ? 6 : 5) {
        case 0: return .register(replaces: dots(known), values: [value()] + list(upTo: 2) { $0.value() })
        case 1:
            let elements = Set([value()] + list(upTo: 4) { $0.value() })
            let sorted = elements.sorted { $0.encoded().lexicographicallyPrecedes($1.encoded()) }
            return .set(sorted.map { .init(element: $0, adds: verb == .insert || once(in: 2), saw: dots(known)) })
        case 2:
            let delta = 1 + Int64(next() >> 11)
            return .increment(bases: dots(known), delta: once(in: 2) ? delta : -delta)
        case 3:
            if verb != .insert, once(in: 4) {
                return .base(replaces: [.init(dot: Dot(known[0].replica, 0), sum: -1)], value: integer())
            }
            return .base(replaces: dots(known).map { .init(dot: $0, sum: integer()) }, value: integer())
        case 4:
            let kind = UInt64(6 + below(100))
            let item: Item = [.unsigned(UInt64(group.rawValue)), .unsigned(kind), .bytes(bytes(9)), [0, -1, nil]]
            return .unknown(kind: kind, encoded: item.encoded)
        default: return .fact(values: [value()] + list(upTo: 3) { $0.value() })
        }
    }

    private mutating func dots(_ known: [Dot]) -> [Dot] {
        var dots: Set<Dot> = []
        for greatest in known where once(in: 2) {
            dots.insert(Dot(greatest.replica, UInt64.random(in: 1...greatest.sequence, using: &self)))
            if once(in: 4) { dots.insert(greatest) }
        }
        return dots.sorted()
    }

    // MARK: - Frames

    mutating func frame() -> Frame {
        let kind: LogKind = once(in: 2) ? .data : .roster
        let message: Message =
            switch below(8) {
            case 0:
                .hello(
                    Hello(
                        lowestVersion: natural(), highestVersion: natural(), plant: fixed(), station: fixed(),
                        nonce: next(), capabilities: natural(), wallClock: natural(),
                        tip: once(in: 2) ? reference() : nil, held: list(upTo: 3) { $0.signedHead() },
                        extensions: list(upTo: 2) { Item.text($0.text()).encoded }))
            case 1: .root(RootMessage(kind: kind, round: natural(), digest: fixed(), count: natural()))
            case 2: .vector(VectorMessage(kind: kind, round: natural(), parts: [part()] + list(upTo: 2) { $0.part() }))
            case 3:
                .batch(
                    BatchMessage(
                        kind: kind, round: natural(), offset: natural(), runs: [run()] + list(upTo: 2) { $0.run() }))
            case 4:
                .ack(
                    AckMessage(
                        kind: kind, round: natural(), received: natural(), limit: natural(), have: references()))
            case 5:
                .pulse(
                    PulseMessage(
                        wallClock: natural(), echo: once(in: 2) ? natural() : nil,
                        roster: .init(round: natural(), sent: natural()),
                        data: .init(round: natural(), sent: natural())))
            case 6: .pack(pack())
            default: .bye(ByeMessage(code: .init(rawValue: natural()), text: text()))
            }
        return Frame(session: SessionID(rawValue: next()), message: message)
    }

    /// A pack of runs that fit each other.
    mutating func pack() -> PackMessage {
        let batch = BatchMessage(
            kind: .data, round: natural(), offset: natural(), runs: [run()] + list(upTo: 2) { $0.run() })
        var context = PackingContext()
        guard let pack = PackMessage(packing: batch, in: &context) else { preconditionFailure("a run does not pack") }
        return pack
    }

    private mutating func part() -> VectorMessage.PrefixedPart {
        let part: VectorMessage.Part =
            switch below(4) {
            case 0, 1: level()
            case 2:
                .difference(
                    references().map {
                        .init(
                            replica: $0.replica,
                            tip: once(in: 2) ? .init(sequence: $0.sequence, prefix: $0.prefix) : nil)
                    })
            default: .children((0..<16).filter { _ in once(in: 4) }.map { .init(digit: $0, part: level()) })
            }
        return .init(prefix: (0..<below(33)).map { _ in UInt8(below(16)) }, part: part)
    }

    private mutating func level() -> VectorMessage.Part {
        once(in: 2) ? .entries(references()) : .digests((0..<16).map { _ in next() })
    }
}

/// A change with its author and sequence number, as a structure of its own.
struct PlacedChange: Equatable {
    var author: ReplicaID
    var sequence: SequenceNumber
    var body: ChangeBody

    var encoded: [UInt8] { body.encoded(author: author) }

    /// The same place with what `bytes` say.
    func decoding(_ bytes: [UInt8]) throws(WireError) -> PlacedChange {
        let body = try ChangeBody(decoding: bytes, author: author, sequence: sequence)
        return PlacedChange(author: author, sequence: sequence, body: body)
    }
}
