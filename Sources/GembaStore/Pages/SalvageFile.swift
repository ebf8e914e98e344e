import Foundation
import GembaCausality
import GembaWire

/// Entries that were saved from a damaged replica and wait for the ones before them, which peers may have: what this station
/// wrote and never sent is nowhere else.
///
/// The file beside the database is one CBOR array of `[kind or null, replica, first, lamport, [* entry], signature]`.
struct SalvageFile {
    private let path: String

    init(folder: String) { path = folder + "/replica.salvage" }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Keeps what is given, and with nothing to keep no file.
    func save(_ logs: [Salvage.Log]) throws(StoreError) {
        let pieces = logs.flatMap { log in log.pieces.map { (log, $0) } }
        do {
            if pieces.isEmpty {
                if exists { try FileManager.default.removeItem(atPath: path) }
                return
            }
            var encoder = CBOREncoder()
            encoder.array(count: pieces.count)
            for (log, piece) in pieces { Self.encode(piece, of: log, to: &encoder) }
            try Data(encoder.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw StoreError(.storageFailed, "What was saved of the damaged replica cannot be kept.", cause: error)
        }
    }

    private static func encode(_ piece: Salvage.Piece, of log: Salvage.Log, to encoder: inout CBOREncoder) {
        encoder.array(count: 6)
        encoder.unsigned(log.kind.map { UInt64($0.rawValue) + 1 } ?? 0)
        encoder.fixed(log.replica)
        encoder.unsigned(piece.run.first)
        encoder.unsigned(piece.lamport)
        encoder.array(count: piece.run.entries.count)
        for entry in piece.run.entries { encoder.byteString(entry) }
        encoder.byteString(piece.run.signature)
    }

    /// What is kept; nothing when there is no file, or none that can be read.
    func load() -> [Salvage.Log] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return (try? Self.decode(Array(data))) ?? []
    }

    private static func decode(_ bytes: [UInt8]) throws -> [Salvage.Log] {
        var decoder = CBORDecoder(bytes)
        var logs: [ReplicaID: Salvage.Log] = [:]
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 6)
            let kind = try decoder.unsigned()
            let replica = try decoder.fixed(ReplicaID.self)
            let (first, lamport) = (try decoder.unsigned(), try decoder.unsigned())
            var entries: [[UInt8]] = []
            for _ in 0..<(try decoder.array()) { entries.append(Array(try decoder.byteString())) }
            let run = Run(
                replica: replica, first: first, previous: nil, entries: entries,
                signature: Array(try decoder.byteString()))
            logs[
                replica,
                default: Salvage.Log(
                    replica: replica, number: 0, kind: kind == 0 ? nil : LogKind(rawValue: UInt8(kind - 1)),
                    isNamed: true,
                    pieces: [])
            ].pieces.append(Salvage.Piece(run: run, lamport: lamport))
        }
        return logs.values.sorted { $0.replica < $1.replica }
    }
}
