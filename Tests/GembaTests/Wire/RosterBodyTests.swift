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
    ]

    private func body(_ acts: [Item]) -> Item { [.unsigned(1 << 40), 3, 0, "ewa", "new press", .array(acts)] }

    @Test("T1: reads every act that this version knows")
    func acts() throws {
        let key = try #require(InviteKey(bytes: counting(32)))
        let member = Member(
            name: "press-4", role: .station, transport: TransportKey(rawValue: key.rawValue),
            sealing: SealingKey(rawValue: key.rawValue))
        let expected: [RosterAct] = [
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
        ]
        let decoded = try RosterBody(decoding: body(Self.acts).encoded)
        #expect(decoded.acts == expected)
        #expect(decoded.actor == "ewa")
        #expect(decoded.encoded() == body(Self.acts).encoded)
    }

    @Test("G18: keeps an act of an unknown kind as it is", arguments: [6, 8, 1 << 40])
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
                guard case .unknown(10...11, other.encoded) = decoded.acts[0] else {
                    Issue.record("\(decoded.acts[0])")
                    continue
                }
                #expect(decoded.encoded() == body([other]).encoded)
            }
        }
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
