/// Takes a bundle apart as its bytes come, and checks each piece before anybody looks into it.
///
/// It holds one piece and what came behind it, whatever the bytes declare.
public struct BundleParser: Sendable {
    private var buffer: [UInt8] = []
    private var check = BundleCheck.beginning
    private var hasBegun = false
    /// How many bytes of the bundle the pieces so far, and its beginning, take.
    public private(set) var offset: UInt64 = 0

    /// Creates a parser at the beginning of a bundle.
    public init() {}

    /// Whether everything that came belongs to a whole piece.
    public var isAtEndOfPiece: Bool { hasBegun && buffer.isEmpty }

    /// Takes the bytes that come next.
    public mutating func receive(_ bytes: some Collection<UInt8>) { buffer += bytes }

    /// The next piece; nil when more bytes are needed for one.
    ///
    /// - Throws: ``WireError`` when what came is no bundle, or is damaged. Nothing behind can be read then.
    public mutating func next() throws(WireError) -> BundlePiece? {
        guard try begin() else { return nil }
        if buffer.isEmpty { return nil }
        var decoder = CBORDecoder(buffer)
        let piece: BundlePiece
        do throws(WireError) {
            piece = try BundlePiece(from: &decoder)
        } catch {
            guard error.reason == .truncated else { throw error }
            guard buffer.count <= Self.greatestPiece else { throw WireError(.tooLong, offset: buffer.count) }
            return nil
        }
        guard piece.check == check.following(piece.coding, piece.content) else {
            throw WireError(.invalid("a piece does not have its check"), offset: 0)
        }
        check = piece.check
        offset += UInt64(decoder.offset)
        buffer.removeFirst(decoder.offset)
        return piece
    }

    /// The bytes of a piece with the longest content: three heads, the coding, the content and the check.
    private static let greatestPiece = Limits.bundlePieceBytes + 32

    /// Whether the first bytes are here, which have to be those of every bundle.
    private mutating func begin() throws(WireError) -> Bool {
        if hasBegun { return true }
        guard BundleFormat.beginning.starts(with: buffer.prefix(BundleFormat.beginning.count)) else {
            throw WireError(.unsupportedVersion, offset: 0)
        }
        guard buffer.count >= BundleFormat.beginning.count else { return false }
        buffer.removeFirst(BundleFormat.beginning.count)
        offset = UInt64(BundleFormat.beginning.count)
        hasBegun = true
        return true
    }
}
