import Foundation
import GembaCausality
import GembaTrust
import GembaWire

/// The chunks of one checkpoint on disk, complete or on their way: an append-only file of chunks in any order, and the
/// signed manifest beside it.
///
/// Nothing here is trusted: every chunk is compared with the manifest's hash when it comes and again when it is read. So
/// the file needs no order of writes and no sync, and a torn end is a chunk that is missing.
///
/// ```
/// file   = chunk*
/// chunk  = index:u32 length:u32 coding:u8 bytes       ; numbers little-endian
/// ```
///
/// Not `Sendable`: one owner reads and appends.
final class CheckpointFile {
    let signed: SignedManifest
    private let path: String
    private let handle: FileHandle
    private var places: [Int: Place] = [:]
    private var end: UInt64 = 0

    var manifest: CheckpointManifest { signed.manifest }

    private struct Place {
        var offset: UInt64
        var length: Int
        var coding: BodyCoding
    }

    private static let headerBytes = 9

    /// Opens the file at a path, or begins it.
    init(path: String, signed: SignedManifest) throws(StoreError) {
        self.path = path
        self.signed = signed
        do {
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try scan()
        } catch {
            throw StoreError(.storageFailed, "The checkpoint file \(path) cannot be used.", cause: error)
        }
    }

    deinit { try? handle.close() }

    /// Finds the chunks; what does not look like one ends the file.
    private func scan() throws {
        let size = try handle.seekToEnd()
        while end + UInt64(Self.headerBytes) <= size {
            try handle.seek(toOffset: end)
            guard let header = try handle.read(upToCount: Self.headerBytes), header.count == Self.headerBytes else {
                break
            }
            let bytes = Array(header)
            let (index, length) = (Int(Self.number(bytes[0..<4])), Int(Self.number(bytes[4..<8])))
            guard index < manifest.chunks.count, length <= Limits.frameBytes,
                let coding = BodyCoding(rawValue: bytes[8]),
                end + UInt64(Self.headerBytes + length) <= size
            else { break }
            places[index] = Place(offset: end + UInt64(Self.headerBytes), length: length, coding: coding)
            end += UInt64(Self.headerBytes + length)
        }
        try handle.truncate(atOffset: end)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    // MARK: - Chunks

    /// The chunks that are not there.
    var missing: [Int] { manifest.chunks.indices.filter { places[$0] == nil } }

    var isComplete: Bool { places.count == manifest.chunks.count }

    /// Keeps a chunk, whose content was verified.
    func append(_ index: Int, coding: BodyCoding, bytes: [UInt8]) throws(StoreError) {
        guard places[index] == nil else { return }
        let record = Self.record(index, coding: coding, bytes: bytes)
        do {
            try handle.seek(toOffset: end)
            try handle.write(contentsOf: record)
        } catch {
            throw StoreError(.storageFailed, "The checkpoint file \(path) cannot be written.", cause: error)
        }
        places[index] = Place(offset: end + UInt64(Self.headerBytes), length: bytes.count, coding: coding)
        end += UInt64(record.count)
    }

    /// A chunk as the file holds it.
    static func record(_ index: Int, coding: BodyCoding, bytes: [UInt8]) -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(headerBytes + bytes.count)
        for number in [UInt32(index), UInt32(bytes.count)] {
            withUnsafeBytes(of: number.littleEndian) { record.append(contentsOf: $0) }
        }
        record.append(coding.rawValue)
        return record + bytes
    }

    /// A chunk as it travels, or nil when it is not there.
    func coded(_ index: Int) throws(StoreError) -> (coding: BodyCoding, bytes: [UInt8])? {
        guard let place = places[index] else { return nil }
        do {
            try handle.seek(toOffset: place.offset)
            guard let data = try handle.read(upToCount: place.length), data.count == place.length else { return nil }
            return (place.coding, Array(data))
        } catch {
            throw StoreError(.storageFailed, "The checkpoint file \(path) cannot be read.", cause: error)
        }
    }

    /// The content of a chunk; nil, and the chunk forgotten, when it is not there or not what the manifest says.
    func content(_ index: Int) throws(StoreError) -> [UInt8]? {
        guard let (coding, bytes) = try coded(index) else { return nil }
        if let content = Self.content(coding, bytes, of: index, in: manifest) { return content }
        places[index] = nil
        return nil
    }

    /// The content of a coded chunk, or nil when it is not the one that the manifest names.
    static func content(
        _ coding: BodyCoding, _ bytes: [UInt8], of index: Int, in manifest: CheckpointManifest
    ) -> [UInt8]? {
        guard manifest.chunks.indices.contains(index) else { return nil }
        let length = manifest.length(ofChunk: index)
        let content =
            switch coding {
            case .identity: bytes
            case .zstandard: try? Zstandard.decompress(bytes, atMost: length)
            }
        guard let content, content.count == length, ChunkHash(of: content) == manifest.chunks[index] else { return nil }
        return content
    }
}
