import GembaCausality
import GembaTrust
import GembaWire

/// Writes the sections of a bundle as pieces, compressed where that pays.
struct BundleWriter {
    private let write: ([UInt8]) throws -> Void
    private var check = BundleCheck.beginning
    /// What the packs so far have said, to which later ones refer.
    private var context = PackingContext()
    private(set) var bytes: UInt64 = 0
    private(set) var entries: UInt64 = 0

    /// - Parameter write: takes the bytes of the bundle in order.
    init(write: @escaping ([UInt8]) throws -> Void) throws {
        self.write = write
        try put(BundleFormat.beginning)
    }

    /// Adds a section.
    mutating func add(_ section: BundleSection) throws {
        let content = section.encoded()
        guard content.count <= Limits.bundlePieceBytes else {
            throw StoreError(.limitExceeded, "A commit group is too large for a bundle.")
        }
        let compressed = Zstandard.compress(content).flatMap { $0.count < content.count ? $0 : nil }
        let piece = BundlePiece(
            coding: compressed == nil ? .identity : .zstandard, content: compressed ?? content, after: check)
        check = piece.check
        try put(piece.encoded())
    }

    /// Adds runs, which are the next ones in apply order.
    mutating func add(_ runs: [Run], of kind: LogKind) throws {
        guard !runs.isEmpty else { return }
        entries += runs.reduce(0) { $0 + UInt64($1.entries.count) }
        switch kind {
        case .roster: try add(.runs(runs))
        case .data: try add(.packs(runs.map { try PackedRun(packing: $0, in: &context) }))
        }
    }

    private mutating func put(_ encoded: [UInt8]) throws {
        try write(encoded)
        bytes += UInt64(encoded.count)
    }
}
