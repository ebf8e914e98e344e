import Foundation
import GembaWire

@testable import GembaStore
@testable import GembaTrust

/// The bytes of a bundle, for taking it apart and putting it together otherwise.
struct BundleBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(of path: String) throws { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func save(to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    /// The sections, read piece by piece.
    func sections() throws -> [BundleSection] {
        var parser = BundleParser()
        parser.receive(bytes)
        var sections: [BundleSection] = []
        while let piece = try parser.next() {
            let content =
                piece.coding == .identity
                ? piece.content : try Zstandard.decompress(piece.content, atMost: Limits.bundlePieceBytes)
            sections.append(try BundleSection(decoding: content))
        }
        return sections
    }

    /// A bundle of these sections, every check right.
    static func sealed(_ sections: [BundleSection]) throws -> BundleBytes {
        try sealed(contents: sections.map { (.identity, $0.encoded()) })
    }

    /// A bundle of pieces with these contents, every check right.
    static func sealed(contents: [(coding: BodyCoding, bytes: [UInt8])]) throws -> BundleBytes {
        var bytes = BundleFormat.beginning
        var check = BundleCheck.beginning
        for (coding, content) in contents {
            let piece = BundlePiece(coding: coding, content: content, after: check)
            check = piece.check
            bytes += piece.encoded()
        }
        return BundleBytes(bytes)
    }
}
