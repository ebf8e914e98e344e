internal import Crypto
public import GembaCausality

/// One link of a bundle: a section, perhaps compressed, and what shows whether it is whole.
public struct BundlePiece: Hashable, Sendable {
    /// How `content` represents the section.
    public var coding: BodyCoding
    /// The section as it stands in the file, at most ``Limits/bundlePieceBytes``.
    public var content: [UInt8]
    /// Depends on this piece and all before it.
    public var check: BundleCheck

    /// Creates the piece that follows another.
    public init(coding: BodyCoding, content: [UInt8], after previous: BundleCheck) {
        precondition(content.count <= Limits.bundlePieceBytes, "a piece of \(content.count) bytes")
        self.coding = coding
        self.content = content
        check = previous.following(coding, content)
    }
}

extension BundlePiece: WireCodable {
    /// Appends `[coding, content, check]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.unsigned(UInt64(coding.rawValue))
        encoder.byteString(content)
        encoder.fixed(check)
    }

    /// Reads a piece. Whether its check fits is for whoever knows the piece before.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        guard let coding = BodyCoding(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the piece's coding is unknown"))
        }
        let content = try decoder.byteString()
        guard content.count <= Limits.bundlePieceBytes else { throw decoder.failure(.tooLong) }
        self.coding = coding
        self.content = Array(content)
        check = try decoder.fixed()
    }
}

/// Shows that a piece of a bundle, and all before it, are as they were written.
public struct BundleCheck: SixteenBytes {
    /// The bytes, held as one number.
    public let rawValue: UInt128

    /// Creates a check from its bytes.
    public init(rawValue: UInt128) { self.rawValue = rawValue }

    /// What stands before the first piece.
    public static let beginning = BundleCheck(rawValue: 0)

    /// The check of the piece that follows one with this check.
    func following(_ coding: BodyCoding, _ content: [UInt8]) -> BundleCheck {
        var hash = SHA256()
        hash.update(data: BundleFormat.tag)
        withBytes { hash.update(bufferPointer: $0) }
        hash.update(data: [coding.rawValue])
        hash.update(data: content)
        return BundleCheck(rawValue: ChangeHash(hash.finalize()).prefix.rawValue)
    }
}

/// What bundles have in common.
public enum BundleFormat {
    /// Names the format in hashes.
    static let tag = Array("gemba/bundle/1".utf8)
    /// The bytes with which every bundle begins.
    public static let beginning = tag + [0x0A]
}
