import Foundation
import Testing

@Suite("Protocol vectors: the files")
struct VectorFileTests {
    /// The files that the other suites read.
    static let files = [
        "items", "entries", "genesis", "coded", "bodies", "heads", "runs", "forks", "merges", "roster", "tokens",
        "folds", "epochs", "words", "frames", "digests", "packs", "manifests", "sections", "rows", "bundles", "beacons",
    ]

    @Test("every file is there, is read by a suite, and has cases", arguments: files)
    func file(_ name: String) throws {
        #expect(try !Vector.load(name).isEmpty)
    }

    @Test("no file is left out")
    func allFiles() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Vector.folder.path)
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
        #expect(names.sorted() == Self.files.sorted())
    }

    @Test("an invalid case says why, a valid one does not", arguments: files)
    func errors(_ name: String) throws {
        for vector in try Vector.load(name) { #expect((vector.error == nil) == vector.isValid, "\(vector.name)") }
    }
}
