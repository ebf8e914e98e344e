import GembaCausality
import GembaWire
import Testing

@Suite("RosterBody")
struct RosterBodyTests {
    private static let key = Item.bytes(counting(32))
    private static let member: Item = ["press-4", 0, key, key]
    private static let acts: [Item] = [
        [1, key, 1, "", 86400],
        [2, key, member, .bytes(counting(64))],
        [3, .bytes(counting(16))],
        [4, key],
        [5, 7, ["tcp://10.0.0.4:7700", "tcp://[fe80::1]:7700"]],
        [10, key, [.bytes(counting(16)), 9, .bytes(counting(16))]],
        [10, key, nil],
        [11],
        [6, .bytes(counting(16)), [wrap(1), wrap(2)]],
        [8, key, [reference(1), reference(2)]],
        [9, key, []],
        [12, 7, key, key],
        [14, key, [reference(1), reference(1, at: 10)]],
        [15, 7, 5],
    ]

    private static func reference(_ number: UInt8, at sequence: UInt64 = 9) -> Item {
        [.bytes(counting(16, from: number)), .unsigned(sequence), .bytes(counting(16))]
    }

    private static func wrap(_ number: UInt8, encapsulated: Int = 32, sealed: Int = 48) -> Item {
        [.bytes(counting(32, from: number)), .bytes(counting(encapsulated)), .bytes(counting(sealed))]
    }

    private func body(_ acts: [Item]) -> Item { [.unsigned(1 << 40), 3, 0, "ewa", "new press", .array(acts)] }

    @Test("T1: reads every act that this version knows")
    func acts() throws {
        let key = try #require(InviteKey(bytes: counting(32)))
        let member = Member(
            name: "press-4", role: .station, transport: TransportKey(rawValue: key.rawValue),
            sealing: SealingKey(rawValue: key.rawValue))
        let expected: [RosterAct] =
            [
                .invite(key: key, role: .liaison, name: "", validForSeconds: 86400),
                .join(invite: key, member: member, signature: counting(64)),
                .admit(replica: try #require(ReplicaID(bytes: counting(16)))), .close(invite: key),
                .endpoints(counter: 7, addresses: ["tcp://10.0.0.4:7700", "tcp://[fe80::1]:7700"]),
                .lapse(
                    station: StationKey(rawValue: key.rawValue),
                    head: ChangeReference(
                        replica: try #require(ReplicaID(bytes: counting(16))), sequence: 9,
                        prefix: try #require(HashPrefix(bytes: counting(16))))),
                .lapse(station: StationKey(rawValue: key.rawValue), head: nil), .returned,
            ] + (try membershipActs())
        let decoded = try RosterBody(decoding: body(Self.acts).encoded)
        #expect(decoded.acts == expected)
        #expect(decoded.actor == "ewa")
        #expect(decoded.encoded() == body(Self.acts).encoded)
    }

    private func membershipActs() throws -> [RosterAct] {
        let key = try #require(StationKey(bytes: counting(32)))
        let references = try (1...2).map { (number: UInt8) in
            ChangeReference(
                replica: try #require(ReplicaID(bytes: counting(16, from: number))), sequence: 9,
                prefix: try #require(HashPrefix(bytes: counting(16))))
        }
        var later = references[0]
        later.sequence = 10
        let wraps = try (1...2).map { (number: UInt8) in
            EpochWrap(
                recipient: try #require(SealingKey(bytes: counting(32, from: number))), encapsulated: counting(32),
                sealed: counting(48))
        }
        return [
            .epoch(try #require(EpochID(bytes: counting(16))), wraps: wraps),
            .revoke(station: key, cut: references), .retire(station: key, cut: []),
            .rekey(
                counter: 7, transport: TransportKey(rawValue: key.rawValue),
                sealing: SealingKey(rawValue: key.rawValue)),
            .reinstate(station: key, removals: [references[0], later]),
            .policy(counter: 7, flags: [.epochsAfterAdmit, PlantPolicy(rawValue: 4)]),
        ]
    }

    @Test("G18: keeps an act of an unknown kind as it is", arguments: [7, 13, 16, 1 << 40])
    func unknownActs(kind: UInt64) throws {
        let act: Item = [.unsigned(kind), .map([(1, nil), ("a", [[]])]), .bytes([9])]
        let decoded = try RosterBody(decoding: body([act]).encoded)
        #expect(decoded.acts == [.unknown(kind: kind, encoded: act.encoded)])
        #expect(decoded.encoded() == body([act]).encoded)
    }

    @Test("A1: an act of a later kind that is not as specified is kept as an unknown one")
    func laterActs() throws {
        for act in Self.acts.dropFirst(5) {
            guard case .array(let items) = act else { continue }
            for other in [act.appending(nil)]
                + (items.count > 1 ? [.array(items.dropLast()), act.replacing(1, with: nil)] : [])
            {
                let decoded = try RosterBody(decoding: body([other]).encoded)
                guard case .unknown(6...15, other.encoded) = decoded.acts[0] else {
                    Issue.record("\(decoded.acts[0])")
                    continue
                }
                #expect(decoded.encoded() == body([other]).encoded)
            }
        }
    }

    @Test("A1: an act whose list breaks its order or bounds is kept as an unknown one")
    func unorderedActs() throws {
        let acts = Self.acts
        let many = (0...UInt16(Limits.epochWraps)).map { number -> Item in
            let recipient = counting(30) + [UInt8(number >> 8), UInt8(number & 255)]
            return [.bytes(recipient), .bytes(counting(32)), .bytes(counting(48))]
        }
        let others: [Item] = [
            acts[8].replacing(2, with: []), acts[8].replacing(2, with: [Self.wrap(2), Self.wrap(1)]),
            acts[8].replacing(2, with: [Self.wrap(1), Self.wrap(1)]), acts[8].replacing(2, with: .array(many)),
            acts[8].replacing(2, with: [Self.wrap(1, encapsulated: 31)]),
            acts[8].replacing(2, with: [Self.wrap(1, sealed: 49)]),
            acts[9].replacing(2, with: [Self.reference(2), Self.reference(1)]),
            acts[10].replacing(2, with: [Self.reference(1), Self.reference(1, at: 10)]),
            acts[12].replacing(2, with: []), acts[12].replacing(2, with: [Self.reference(1), Self.reference(1)]),
            acts[12].replacing(2, with: [Self.reference(2), Self.reference(1)]),
            acts[13].replacing(2, with: .unsigned(1 << 63)),
        ]
        for other in others.dropLast() {
            let decoded = try RosterBody(decoding: body([other]).encoded)
            guard case .unknown(6...15, other.encoded) = decoded.acts[0] else {
                Issue.record("\(decoded.acts[0])")
                continue
            }
        }
        // No item of any kind holds a number of 2^63.
        expectRefused(body(Array(others.suffix(1))))
        let most = acts[8].replacing(2, with: .array(many.dropLast()))
        #expect(try RosterBody(decoding: body([most]).encoded).encoded() == body([most]).encoded)
    }

    @Test("an act of kind 0 is refused")
    func kindZero() {
        expectRefused(body([[0]]))
        expectRefused(body([[0, Self.key]]))
    }

    @Test("an unknown act obeys the form of all items")
    func unknownForm() {
        expectRefused(body([[8, .map([(2, 0), (1, 0)])]]))
        expectRefused(body([[8, .raw([0x18, 0x00])]]))
        expectRefused(body([[8, .raw([UInt8](repeating: 0x81, count: 14) + [0x80])]]))
    }

    @Test("a known act with a missing, further or malformed field is refused")
    func fields() {
        for act in Self.acts.prefix(5) {
            guard case .array(let items) = act else { continue }
            expectRefused(body([act.appending(nil)]))
            expectRefused(body([.array(items.dropLast())]))
            for index in items.indices { expectRefused(body([act.replacing(index, with: nil)])) }
        }
        expectRefused(body([Self.acts[0].replacing(2, with: 4)]))
        expectRefused(body([Self.acts[1].replacing(3, with: .bytes(counting(63)))]))
    }

    @Test("is refused without acts, with another schema, and beyond the limits of its texts")
    func form() throws {
        expectRefused(body([]))
        expectRefused(body([[]]))
        let valid = body(Self.acts)
        expectRefused(valid.replacing(1, with: 0))
        expectRefused(valid.replacing(2, with: 1))
        expectRefused(valid.appending(nil))
        for (index, limit) in [(3, Limits.actorBytes), (4, Limits.reasonBytes)] {
            let longest = valid.replacing(index, with: .text(String(repeating: "x", count: limit)))
            #expect(try RosterBody(decoding: longest.encoded).encoded() == longest.encoded)
            expectRefused(valid.replacing(index, with: .text(String(repeating: "x", count: limit + 1))))
        }
    }

    @Test("T6: an invite key signs purpose, plant, station and member")
    func joinSignedBytes() throws {
        let plant = try #require(PlantID(bytes: counting(32, from: 1)))
        let station = try #require(StationKey(bytes: counting(32, from: 2)))
        let member = try Member(decoding: Self.member.encoded)
        let expected: Item = ["gemba/join/1", .bytes(plant.bytes), .bytes(station.bytes), Self.member]
        #expect(RosterAct.joinSignedBytes(plant: plant, station: station, member: member) == expected.encoded)
    }

    private func expectRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try RosterBody(decoding: item.encoded) }
    }
}
