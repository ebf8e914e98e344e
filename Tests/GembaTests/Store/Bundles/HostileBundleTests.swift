import Foundation
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

/// Files that a stick has damaged, and files that somebody made on purpose.
@Suite("Bundles: damaged and hostile files")
struct HostileBundleTests {
    /// A writer with a few changes, a small bundle of them, and a reader that has none of them yet.
    private struct Scene {
        let plant: TestPlant
        let reader: Replica
        let path: String
        let whole: BundleBytes

        init() throws {
            plant = try TestPlant()
            let founder = plant.founder
            reader = try plant.enrol("L3")
            for name in ["1", "2"] {
                try founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
            }
            path = plant.folder.folder("bundle")
            _ = try founder.writeBundle(to: path)
            whole = try BundleBytes(of: path)
        }

        /// Has the reader read a file; nil when it is refused before anything of it is taken.
        func read(_ bytes: BundleBytes) throws -> BundleReport? {
            try bytes.save(to: path)
            do {
                return try reader.readBundle(from: path)
            } catch let error as StoreError {
                #expect(error.code == .invalidValue || error.code == .notPermitted, "\(error)")
                return nil
            }
        }

        /// Reads the whole file, after which the reader has everything.
        func expectRecovery() throws {
            let report = try #require(try read(whole))
            #expect(report.ending == .complete && report.data.leftOut == 0)
            #expect(try reader.digest() == plant.founder.digest())
            #expect(try reader.verify().fault == nil)
        }
    }

    @Test("U3, U4: every prefix is noticed, and the whole file completes what it began")
    func prefixes() throws {
        let scene = try Scene()
        var held: Set<Int> = []
        for length in 0..<scene.whole.bytes.count {
            let report = try scene.read(BundleBytes(Array(scene.whole.bytes.prefix(length))))
            #expect(report.map { $0.ending == .truncated } ?? true, "\(length) bytes")
            held.insert(try scene.reader.vector(of: .data).count)
        }
        // The end is the only piece behind the changes: without it they are taken all the same.
        #expect(held == [0, 1])
        try scene.expectRecovery()
    }

    @Test("U3: every flipped bit is noticed, and what lies before it is taken")
    func flips() throws {
        let scene = try Scene()
        let end = try #require(try scene.whole.sections().last).encoded()
        let lastPiece = BundlePiece(coding: .identity, content: end, after: .beginning).encoded().count
        var noticed = 0
        for index in scene.whole.bytes.indices {
            var bytes = scene.whole.bytes
            bytes[index] ^= 1 << UInt8(index % 8)
            let report = try scene.read(BundleBytes(bytes))
            if report.map({ $0.ending != .complete }) ?? true { noticed += 1 }
            // No flip before the end lets the changes behind it through.
            let isBeforeEnd = index < bytes.count - lastPiece
            if isBeforeEnd { #expect(try scene.reader.vector(of: .data).isEmpty, "byte \(index)") }
        }
        #expect(noticed == scene.whole.bytes.count, "\(noticed) of \(scene.whole.bytes.count) flips")
        try scene.expectRecovery()
    }

    @Test("U3: pieces that are missing, doubled or exchanged are noticed", arguments: 0..<40)
    func pieces(seed: UInt64) throws {
        let scene = try Scene()
        var parser = BundleParser()
        parser.receive(scene.whole.bytes)
        var pieces: [[UInt8]] = []
        while let piece = try parser.next() { pieces.append(piece.encoded()) }
        let (one, other) = (Int(seed) % pieces.count, (Int(seed) / pieces.count + 1 + Int(seed)) % pieces.count)
        let changed: [[UInt8]]
        switch seed % 3 {
        case 0: changed = pieces.enumerated().filter { $0.offset != one }.map(\.element)
        case 1: changed = pieces.flatMap { $0 == pieces[one] ? [$0, $0] : [$0] }
        default:
            changed = pieces.indices.map { $0 == one ? pieces[other] : $0 == other ? pieces[one] : pieces[$0] }
        }
        if changed == pieces { return }
        let report = try scene.read(BundleBytes(BundleFormat.beginning + changed.joined()))
        #expect(report.map { $0.ending != .complete } ?? true)
        try scene.expectRecovery()
    }

    @Test("S12: a run that its author did not sign ends the reading, and nothing of it is stored")
    func forgery() throws {
        let scene = try Scene()
        let forged = try scene.whole.sections().map { section -> BundleSection in
            guard case .packs(var packs) = section else { return section }
            packs[0].signature[0] ^= 1
            return .packs(packs)
        }
        let report = try #require(try scene.read(.sealed(forged)))
        guard case .refused = report.ending else {
            Issue.record("\(report.ending)")
            return
        }
        #expect(report.data.new == 0 && report.data.leftOut == 3)
        #expect(try scene.reader.vector(of: .data).isEmpty)
        try scene.expectRecovery()
    }

    @Test("U5, U12: sections in another order, twice or miscounted are noticed, and unknown ones are passed over")
    func order() throws {
        let scene = try Scene()
        let sections = try scene.whole.sections()
        let (preamble, end) = (sections[0], sections[sections.count - 1])
        let body = Array(sections.dropFirst().dropLast())
        let runs = try #require(body.first { if case .runs = $0 { true } else { false } })
        let changes: [(name: String, sections: [BundleSection])] = [
            ("no preamble", body + [end]), ("two preambles", [preamble, preamble] + body + [end]),
            ("runs after packs", [preamble] + body + [runs, end]),
            ("an extent after runs", [preamble] + body + [body[0], end]),
            ("two ends", [preamble] + body + [end, end]),
            ("another count", [preamble] + body + [.end(entries: 99)]),
        ]
        for (name, changed) in changes {
            let report = try scene.read(.sealed(changed))
            let isDamaged = if case .damaged? = report?.ending { true } else { report == nil }
            #expect(isDamaged, "\(name)")
        }
        let later = BundleSection.unknown(kind: 9, encoded: [0x82, 0x09, 0x01])
        let report = try #require(try scene.read(.sealed([preamble, later] + body + [end])))
        #expect(report.ending == .complete)
        try scene.expectRecovery()
    }

    @Test("U18: what declares more than there is, or becomes more than a piece may have, is refused")
    func bounds() throws {
        let scene = try Scene()
        let preamble = try #require(try scene.whole.sections().first).encoded()
        func isDamaged(_ report: BundleReport?) -> Bool {
            guard case .damaged = report?.ending else { return false }
            return true
        }
        let begun = try BundleBytes.sealed(contents: [(.identity, preamble)]).bytes
        // A piece whose content would be of 2^40 bytes, with more behind it than any piece has.
        let declared = begun + [0x83, 0x00, 0x5B, 0, 0, 1, 0, 0, 0, 0, 0]
        #expect(try scene.read(BundleBytes(declared))?.ending == .truncated)
        let filler = [UInt8](repeating: 0, count: Limits.bundlePieceBytes + 64)
        #expect(isDamaged(try scene.read(BundleBytes(declared + filler))))
        // Zeros compress a thousandfold.
        let bomb = try #require(Zstandard.compress([UInt8](repeating: 0, count: 8 * Limits.bundlePieceBytes)))
        #expect(isDamaged(try scene.read(.sealed(contents: [(.identity, preamble), (.zstandard, bomb)]))))
        // An array of 2^40 runs.
        let list: [UInt8] = [0x82, 0x02, 0x9B, 0, 0, 1, 0, 0, 0, 0, 0]
        #expect(isDamaged(try scene.read(.sealed(contents: [(.identity, preamble), (.identity, list)]))))
        try scene.expectRecovery()
    }

    @Test("U17: extents that lie are told to people, and change nothing")
    func lies() throws {
        let scene = try Scene()
        let lie = ChangeReference(replica: ReplicaID(rawValue: 5), sequence: 9, prefix: HashPrefix(rawValue: 6))
        let sections = try scene.whole.sections()
        let base = BundleSection.extent(BundleExtent(which: .base, kind: .data, references: [lie]))
        let report = try #require(try scene.read(.sealed([sections[0], base] + sections.dropFirst())))
        #expect(report.ending == .complete && report.data.new == 3)
        #expect(report.lacking.map(\.reference) == [lie])
        try scene.expectRecovery()
    }
}
