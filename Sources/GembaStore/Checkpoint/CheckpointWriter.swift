import GembaCausality
import GembaTrust
import GembaWire

/// Cuts the stream of a checkpoint into chunks, hashes them, and keeps them compressed.
struct CheckpointWriter {
    let chunkBytes: Int
    private let keep: (Int, BodyCoding, [UInt8]) throws -> Void
    private var rest: [UInt8] = []
    private(set) var hashes: [ChunkHash] = []
    private(set) var bytes: UInt64 = 0

    /// - Parameter keep: takes every chunk with its number, as it travels.
    init(chunkBytes: Int, keep: @escaping (Int, BodyCoding, [UInt8]) throws -> Void) {
        self.chunkBytes = chunkBytes
        self.keep = keep
        rest.reserveCapacity(2 * chunkBytes)
    }

    /// Adds a section.
    mutating func add(_ section: CBOREncoder) throws {
        var encoder = CBOREncoder(capacity: section.bytes.count + 9)
        encoder.byteString(section.bytes)
        bytes += UInt64(encoder.bytes.count)
        rest += encoder.bytes
        var start = 0
        while rest.count - start >= chunkBytes {
            try close(Array(rest[start..<start + chunkBytes]))
            start += chunkBytes
        }
        rest.removeFirst(start)
    }

    /// Ends the stream.
    mutating func finish() throws {
        if !rest.isEmpty { try close(rest) }
        rest = []
    }

    private mutating func close(_ content: [UInt8]) throws {
        let compressed = Zstandard.compress(content)
        if let compressed, compressed.count < content.count {
            try keep(hashes.count, .zstandard, compressed)
        } else {
            try keep(hashes.count, .identity, content)
        }
        hashes.append(ChunkHash(of: content))
    }
}

/// The sections of a checkpoint, one after another, out of its chunks.
struct CheckpointReader {
    private let file: CheckpointFile
    private var next = 0
    private var buffer: [UInt8] = []
    private var offset = 0

    init(_ file: CheckpointFile) { self.file = file }

    static var damaged: StoreError {
        StoreError(.corrupted, "A checkpoint's file is damaged; its missing chunks are to be fetched again.")
    }

    /// The content of the next section, or nil at the end.
    ///
    /// - Throws: ``StoreError`` when a chunk is missing or damaged, or when a section does not decode.
    mutating func section() throws -> [UInt8]? {
        while true {
            if let section = try takeSection() { return section }
            guard next < file.manifest.chunks.count else {
                guard offset == buffer.count else { throw Self.damaged }
                return nil
            }
            guard let content = try file.content(next) else { throw Self.damaged }
            next += 1
            buffer.removeFirst(offset)
            offset = 0
            buffer += content
            guard buffer.count <= Limits.sectionBytes + Limits.chunkBytes.upperBound else { throw Self.damaged }
        }
    }

    /// The signed heads up to which a checkpoint covers the logs.
    static func heads(of file: CheckpointFile) throws -> [SignedHead] {
        var reader = CheckpointReader(file)
        var heads: [SignedHead] = []
        while let section = try reader.section() {
            var decoder = CBORDecoder(section)
            let items = try decoder.array() - 1
            guard try decoder.unsigned() == CheckpointSection.logs.rawValue else { break }
            for _ in 0..<items { heads.append(try CheckpointLog(from: &decoder).head) }
        }
        return heads
    }

    /// How much of each log a checkpoint covers.
    static func cut(of file: CheckpointFile) throws -> VersionVector {
        var cut = VersionVector()
        for head in try heads(of: file) { cut.insert(Dot(head.replica, head.sequence)) }
        return cut
    }

    /// The section at the offset, when all of it is in the buffer.
    private mutating func takeSection() throws -> [UInt8]? {
        guard offset < buffer.count else { return nil }
        var decoder = CBORDecoder(buffer[offset...])
        let content: ArraySlice<UInt8>
        do throws(WireError) {
            content = try decoder.byteString()
        } catch {
            if error.reason == .truncated { return nil }
            throw Self.damaged
        }
        offset += decoder.offset
        return Array(content)
    }
}
