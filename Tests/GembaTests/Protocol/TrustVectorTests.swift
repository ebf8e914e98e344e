import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("Protocol vectors: signatures, runs, the roster and tokens")
struct TrustVectorTests {
    @Test("heads and what they sign (03-heads, section 1)", arguments: Vector.all(in: "heads"))
    func heads(_ vector: Vector) throws {
        let plant: PlantID = try vector.fixed("plant")
        let station: StationKey = try vector.fixed("station")
        let replica: ReplicaID = try vector.fixed("replica")
        let hash: ChangeHash = try vector.fixed("hash")
        let sequence = try vector.sequence("sequence")
        if vector.isValid {
            let signed = SignedHead.signedBytes(replica: replica, sequence: sequence, hash: hash, plant: plant)
            #expect(.hexadecimal(signed) == vector["signed"])
        }
        do {
            let signature = try SignedHead.signature(decodingCOSE: try vector.input)
            let head = SignedHead(replica: replica, sequence: sequence, hash: hash, signature: signature)
            #expect(head.encodedCOSE() == (try vector.input))
            let isAccepted = station.isAcceptable && HeadVerification.isValid(head, by: station, plant: plant)
            #expect(isAccepted == vector.isValid)
            #expect(isAccepted || vector.error == "signature")
        } catch let error as WireError {
            #expect(error.reason.vectorClass == vector.error)
        }
    }

    @Test("runs, verified as a receiver does (03-heads, section 3)", arguments: Vector.all(in: "runs"))
    func runs(_ vector: Vector) throws {
        let plant: PlantID = try vector.fixed("plant")
        let station: StationKey = try vector.fixed("station")
        let before = try vector["before"].fixedOrNull(ChangeHash.self)
        do {
            let run = try Run(decoding: try vector.input)
            #expect(run.encoded() == (try vector.input))
            let verified = try VerifiedRun(
                verifying: run, kind: .data, plant: plant,
                after: before.map { VerifiedRun.Predecessor(hash: $0, station: station) })
            #expect(vector.isValid, "accepted, but \(vector.error ?? "invalid")")
            #expect(.list(verified.entries) { $0.hash.vectorDescription } == vector["hashes"])
        } catch let error as WireError {
            #expect(error.reason.vectorClass == vector.error)
        } catch let error as TrustError {
            #expect(["signature", "chain"].contains(vector.error), "\(error)")
        }
    }

    @Test("proofs of forks, and what the halves are called (02-change, section 10)", arguments: Vector.all(in: "forks"))
    func forks(_ vector: Vector) throws {
        let plant: PlantID = try vector.fixed("plant")
        let station: StationKey = try vector.fixed("station")
        do {
            let proof = try ForkProof(decoding: try vector.input)
            #expect(proof.encoded() == (try vector.input))
            #expect(ForkVerification.isValid(proof, by: station, plant: plant) == vector.isValid)
            #expect(vector.isValid || vector.error == "signature")
            guard vector.isValid else { return }
            #expect(proof.log.vectorDescription == vector["log"])
            #expect(proof.first == (try vector.sequence("first")))
            #expect(.list(proof.names) { $0.vectorDescription } == vector["names"])
        } catch let error as WireError {
            #expect(error.reason.vectorClass == vector.error)
        }
    }

    @Test("compressed and sealed bodies (02-change, section 6)", arguments: Vector.all(in: "coded"))
    func envelopes(_ vector: Vector) throws {
        let entry = try Entry(decoding: try vector.input)
        let place = Envelope.Place(
            replica: try vector["place"]["replica"].fixed(),
            sequence: SequenceNumber(try #require(vector["place"]["sequence"].integer)),
            previous: try vector["place"]["previous"].fixed())
        let key = vector["epochKey"] == .null ? nil : EpochKey(bytes: try vector.bytes("epochKey"))
        do {
            let content = try Envelope.open(
                entry, at: place,
                with: key.flatMap { entry.seal?.epoch == $0.id ? $0.sealKey(for: place.replica) : nil })
            #expect(vector.isValid, "accepted, but \(vector.error ?? "invalid")")
            #expect(content == (try vector.bytes("content")))
        } catch let error as TrustError {
            #expect(!vector.isValid, "\(error)")
            #expect(error.code == .damagedBody, "\(error)")
        }
    }

    @Test("bodies of roster entries (05-roster, section 2)", arguments: Vector.all(in: "roster"))
    func rosterBodies(_ vector: Vector) throws {
        guard let body = try vector.check(RosterBody.init(decoding:), encode: { $0.encoded() }) else { return }
        #expect(body.vectorDescription == vector["expected"])
        guard case .join(_, let member, _)? = body.acts.first, vector["signed"] != .null else { return }
        let signed = Member.joinSignedBytes(
            plant: try vector.fixed("plant"), station: try vector.fixed("station"), member: member)
        #expect(.hexadecimal(signed) == vector["signed"])
    }

    @Test("tokens (05-roster, section 6)", arguments: Vector.all(in: "tokens"))
    func tokens(_ vector: Vector) throws {
        guard vector.isValid else {
            #expect(throws: TrustError.self) { try InvitationToken(printed: try vector.text("input")) }
            return
        }
        let token = try InvitationToken(printed: try vector.text("input"))
        let expected = vector["expected"]
        #expect(.list(token.routes) { [.string($0.endpoint), $0.transport.vectorDescription] } == expected["routes"])
        #expect(token.plant.vectorDescription == expected["plant"])
        #expect(.number(token.role.rawValue) == expected["role"])
        #expect(.string(token.name) == expected["name"])
        #expect(.list(token.frontier) { $0.vectorDescription } == expected["frontier"])
        #expect(.number(token.lamport) == expected["lamport"])
        #expect(token.inviteKey.vectorDescription == vector["inviteKey"])
    }

    @Test("whole rosters, in whatever order their logs came (05-roster, section 4)", arguments: Vector.all(in: "folds"))
    func folds(_ vector: Vector) throws {
        let plant: PlantID = try vector.fixed("plant")
        let logs = try vector.list("input").reduce(into: []) { logs, run in
            logs.append(try log(try Run(decoding: try run.bytes()), following: logs))
        }
        let roster = Roster(plant: plant, logs: logs)
        #expect(.list(roster.members.values.sorted { $0.rank < $1.rank }, description) == vector["members"])
        let former = roster.formerMembers.values.sorted { $0.member.rank < $1.member.rank }
        #expect(.list(former, description) == (vector["former"] == .null ? [] : vector["former"]))
        if vector["policy"] != .null { #expect(.number(roster.policy.rawValue) == vector["policy"]) }
        if vector["epochs"] != .null {
            #expect(.list(roster.epochs.values.sorted { $0.order < $1.order }, description) == vector["epochs"])
        }
        if let name = vector["plantName"].text { #expect(roster.plantName == name) }
        #expect(Roster(plant: plant, logs: logs.reversed()).digest == roster.digest)
    }

    @Test("wrapped epoch keys (05-roster, P19)", arguments: Vector.all(in: "epochs"))
    func epochs(_ vector: Vector) throws {
        let wrap = try EpochWrap(decoding: try vector.input)
        let secret = try vector.bytes("sealingSecret")
        let identity = try #require(StationIdentity(signing: secret, transport: secret, sealing: secret))
        let (plant, epoch): (PlantID, EpochID) = (try vector.fixed("plant"), try vector.fixed("epoch"))
        let key = EpochKey(unwrapping: wrap, of: epoch, plant: plant, with: identity)
        #expect((key != nil) == vector.isValid)
        guard vector.isValid else { return }
        #expect(.hexadecimal(try #require(key).bytes) == vector["key"])
        guard vector["ephemeralSecret"] != .null else { return }
        var source = ReplayedBytes(bytes: try vector.bytes("ephemeralSecret"))
        #expect(try #require(key).wrapped(for: wrap.recipient, plant: plant, using: &source) == wrap)
    }

    @Test("the words of enrolments (05-roster, section 6)", arguments: Vector.all(in: "words"))
    func words(_ vector: Vector) throws {
        let member = Member(
            name: "P4", role: .station, transport: try vector.fixed("transport"), sealing: try vector.fixed("sealing"))
        let words = EnrolmentWords(
            plant: try vector.fixed("plant"), station: try vector.fixed("station"), member: member,
            genesis: try vector.fixed("genesis"))
        #expect(.string(words.description) == vector["words"])
    }

    /// A history of a roster log, from whatever plant: that of a run from its genesis on, or one that goes on where another came by.
    private func log(_ run: Run, following others: [RosterLog]) throws -> RosterLog {
        if run.first > 0 {
            let other = try #require(
                others.first { $0.replica == run.replica && $0.hash(at: run.first - 1)?.prefix == run.previous })
            let hash = try #require(other.hash(at: run.first - 1))
            let verified = try VerifiedRun(
                verifying: run, kind: .roster, plant: other.genesis.plant ?? other.genesisHash.plant,
                after: .init(hash: hash, station: other.station))
            return RosterLog(
                genesis: other.genesis, genesisHash: other.genesisHash,
                entries: other.entries.prefix(Int(run.first) - 1)
                    + verified.entries.map { RosterLog.Entry($0.entry, hash: $0.hash) })
        }
        let genesis = try Genesis(decoding: try Entry(decoding: run.entries[0]).body)
        let hash = try Entry(decoding: run.entries[0]).hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        let verified = try VerifiedRun(
            verifying: run, kind: .roster, plant: genesis.plant ?? hash.plant, after: nil)
        return RosterLog(
            genesis: genesis, genesisHash: hash,
            entries: verified.entries.dropFirst().map { RosterLog.Entry($0.entry, hash: $0.hash) })
    }

    private func description(of former: FormerMember) -> JSONValue {
        [
            "station": former.member.station.vectorDescription, "kind": .number(former.kind.rawValue),
            "cut": .list(former.cut.values.sorted { $0.replica < $1.replica }) { $0.vectorDescription },
            "removals": .list(former.removals) { $0.vectorDescription },
        ]
    }

    private func description(of epoch: Epoch) -> JSONValue {
        [
            "epoch": epoch.id.vectorDescription, "author": epoch.author.vectorDescription,
            "recipients": .list(epoch.recipients.sorted()) { $0.vectorDescription }, "usable": .bool(epoch.isUsable),
        ]
    }

    private func description(of member: RosterMember) -> JSONValue {
        [
            "station": member.station.vectorDescription, "name": .string(member.name),
            "role": .number(member.role.rawValue), "transport": member.transport.vectorDescription,
            "sealing": member.sealing.vectorDescription, "depth": .number(member.rank.depth),
            "endpoints": .list(member.endpoints) { .string($0) }, "lapsed": .bool(!member.isActive),
        ]
    }
}

/// Numbers that give back certain bytes where eight of them are taken from each.
private struct ReplayedBytes: RandomNumberGenerator {
    var bytes: [UInt8]

    mutating func next() -> UInt64 {
        defer { bytes.removeFirst(8) }
        return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
