import Foundation
import GembaTrust
import GembaWire

/// Why a bundle is not read any further.
enum BundleFault: Error {
    /// The file ends before the bundle does.
    case truncated
    /// What follows is not as it was written.
    case damaged(WireError)
    /// No honest node writes what follows.
    case refused(String)
}

/// Reads a bundle, as far as it is whole. It holds one piece at a time.
struct BundleSource {
    private let handle: FileHandle
    private var parser = BundleParser()
    /// What came so far.
    private(set) var contents = BundleContents()
    /// Whose bundle it is.
    let preamble: BundlePreamble

    /// Opens a file.
    ///
    /// - Throws: ``StoreError`` when it cannot be read, or is no bundle of the plant.
    init(path: String, plant: PlantID) throws {
        do {
            handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            throw StoreError(.storageFailed, "The file \(path) cannot be read.", cause: error)
        }
        do {
            guard let piece = try Self.nextPiece(of: handle, &parser) else { throw BundleFault.truncated }
            _ = try Self.receive(piece, into: &contents)
        } catch is BundleFault {}
        guard let preamble = contents.preamble else {
            throw StoreError(.invalidValue, "The file \(path) is no bundle, or is damaged at its very beginning.")
        }
        guard preamble.plant == plant else {
            throw StoreError(
                .notPermitted, "The bundle \(path) is of another plant, \(preamble.plant). Nothing of it was taken.")
        }
        self.preamble = preamble
    }

    /// The runs of the next section, which may have none; nil behind the last one.
    ///
    /// - Throws: ``BundleFault``, or what the file system fails with.
    mutating func next() throws -> [Run]? {
        guard let piece = try Self.nextPiece(of: handle, &parser) else {
            guard parser.isAtEndOfPiece, contents.isComplete else { throw BundleFault.truncated }
            return nil
        }
        return try Self.receive(piece, into: &contents)
    }

    private static func nextPiece(of handle: FileHandle, _ parser: inout BundleParser) throws -> BundlePiece? {
        while true {
            do {
                if let piece = try parser.next() { return piece }
            } catch {
                throw BundleFault.damaged(error)
            }
            guard let data = try handle.read(upToCount: stepBytes), !data.isEmpty else { return nil }
            parser.receive(data)
        }
    }

    private static let stepBytes = 256 << 10

    private static func receive(
        _ piece: BundlePiece, into contents: inout BundleContents
    ) throws(BundleFault) -> [Run] {
        do {
            return try contents.receive(BundleSection(decoding: content(of: piece)))
        } catch {
            throw .damaged(error)
        }
    }

    private static func content(of piece: BundlePiece) throws(WireError) -> [UInt8] {
        guard piece.coding == .zstandard else { return piece.content }
        do {
            return try Zstandard.decompress(piece.content, atMost: Limits.bundlePieceBytes)
        } catch {
            throw WireError(.invalid("a piece does not decompress"), offset: 0)
        }
    }
}
