import Foundation
import GembaCausality
import GembaWire
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The file beside the database that remembers how far its logs had come, so that a restored or copied database is
/// noticed before it writes.
///
/// It is read under a shared file lock and written under an exclusive one. A record that cannot be read counts as missing,
/// and a missing one opens a new incarnation: the safe side.
final class SideFile: Sendable {
    /// What is remembered.
    struct Record: Codable, Hashable, Sendable {
        var machine: MachineFingerprint
        /// The highest sequence number of each own log, by replica id in hexadecimal, that was committed or sent.
        var sequences: [String: UInt64]

        func sequence(of replica: ReplicaID) -> SequenceNumber? { sequences[replica.description] }
    }

    let path: String
    /// What the file was last seen to hold. Every write looks into it, and it seldom differs.
    private let lastSeen = Mutex<(bytes: [UInt8], record: Record)?>(nil)
    private let encodedMachine = Mutex<(machine: MachineFingerprint, text: String)?>(nil)

    init(path: String) { self.path = path }

    /// The record, or nil when there is none that can be read.
    ///
    /// - Throws: ``StoreError`` when the file is there but cannot be opened or locked, which says nothing about its content.
    func read() throws(StoreError) -> Record? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure("opened") }
            return nil
        }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH) == 0 else { throw failure("locked") }
        return contents(of: bytes(of: descriptor))
    }

    private func contents(of bytes: [UInt8]) -> Record? {
        if let record = lastSeen.withLock({ $0?.bytes == bytes ? $0?.record : nil }) { return record }
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)) else { return nil }
        lastSeen.withLock { $0 = (bytes, record) }
        return record
    }

    private func bytes(of descriptor: CInt) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(bytes.count)))
            }
            bytes += piece
            if piece.count < Self.pieceBytes { return bytes }
        }
    }

    private static let pieceBytes = 4096

    /// Raises the remembered sequence numbers; never lowers one of the same machine.
    ///
    /// - Parameter durable: waits until the record is on disk, as must happen before an entry is sent.
    func record(
        _ sequences: [ReplicaID: SequenceNumber], machine: MachineFingerprint, durable: Bool
    ) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("opened") }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX) == 0 else { throw failure("locked") }
        var merged: [String: UInt64] = [:]
        let previous = bytes(of: descriptor)
        if let known = contents(of: previous), machine.continues(known.machine) { merged = known.sequences }
        let before = merged
        for (replica, sequence) in sequences {
            merged[replica.description] = max(merged[replica.description] ?? 0, sequence)
        }
        let isNews = merged != before
        if isNews {
            guard var bytes = encoded(Record(machine: machine, sequences: merged)) else { throw failure("encoded") }
            // One write at the start, padded to what was there: a crash between two calls cannot leave a torn tail.
            bytes += Array(repeating: UInt8(ascii: " "), count: max(0, previous.count - bytes.count))
            guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else { throw failure("written") }
            lastSeen.withLock { $0 = (bytes, Record(machine: machine, sequences: merged)) }
        }
        if durable, fsync(descriptor) != 0 { throw failure("made durable") }
    }

    /// The record as JSON. Only the numbers change from write to write.
    private func encoded(_ record: Record) -> [UInt8]? {
        let known = encodedMachine.withLock { $0?.machine == record.machine ? $0?.text : nil }
        guard let machine = known ?? Self.encoded(record.machine) else { return nil }
        if known == nil { encodedMachine.withLock { $0 = (record.machine, machine) } }
        var bytes = Array("{\"machine\":".utf8)
        bytes.reserveCapacity(Self.pieceBytes)
        bytes += machine.utf8
        bytes += ",\"sequences\":{".utf8
        for (replica, sequence) in record.sequences.sorted(by: { $0.key < $1.key }) {
            if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
            bytes += "\"".utf8
            bytes += replica.utf8
            bytes += "\":".utf8
            bytes += String(sequence).utf8
        }
        bytes += "}}".utf8
        return bytes
    }

    private static func encoded(_ machine: MachineFingerprint) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(machine)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func failure(_ act: String) -> StoreError {
        let reason = String(cString: strerror(errno))
        return StoreError(
            .storageFailed,
            "The side file \(path) could not be \(act): \(reason). Check the disk and the permissions.")
    }
}
