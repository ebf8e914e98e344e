/// One record of a CSV file.
public struct CSVRecord: Hashable, Sendable {
    /// The line of the file, counted from 1, on which the record begins.
    public var line: Int
    /// The fields in their order.
    public var fields: [String]
}

/// Reads CSV (RFC 4180) record by record, holding no more than one piece of the file and one record.
///
/// Beyond the RFC it takes a UTF-8 byte order mark at the beginning, lines that end with LF alone, another delimiter,
/// and a last line without an end; it passes over empty lines. It is strict with all else: whatever it would have to
/// guess is an error that names the line.
///
/// The first error ends reading.
public struct CSVReader {
    /// What a file may ask of memory.
    public struct Limits: Sendable {
        /// The greatest length of a field in bytes: generous for a ticket's description with a pasted log.
        public var fieldBytes = 1 << 20
        /// The greatest number of fields in a record: wider than any tracker's export.
        public var fields = 4096

        /// Creates the usual limits.
        public init() {}
    }

    private let delimiter: UInt8
    private let limits: Limits
    private let nextPiece: () throws -> ArraySlice<UInt8>?
    private var piece: ArraySlice<UInt8> = []
    private var isAtEnd = false
    /// The line of the byte that comes next.
    private var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Reads what `nextPiece` returns, until it returns nil; pieces may end anywhere.
    public init(
        delimiter: Unicode.Scalar = ",", limits: Limits = Limits(),
        nextPiece: @escaping () throws -> ArraySlice<UInt8>?
    ) {
        precondition(delimiter.isASCII, "a delimiter is one ASCII character")
        self.delimiter = UInt8(ascii: delimiter)
        self.limits = limits
        self.nextPiece = nextPiece
    }

    /// Reads bytes that are in memory.
    public init(_ bytes: [UInt8], delimiter: Unicode.Scalar = ",", limits: Limits = Limits()) {
        var rest: ArraySlice<UInt8>? = bytes[...]
        self.init(delimiter: delimiter, limits: limits) {
            defer { rest = nil }
            return rest
        }
    }

    /// The next record, or nil at the end of the file.
    public mutating func next() throws(CSVError) -> CSVRecord? {
        try passByteOrderMark()
        while let byte = try peek() {
            guard byte == Self.carriageReturn || byte == Self.lineFeed else { return try record() }
            try passLineEnd()
        }
        return nil
    }

    private mutating func record() throws(CSVError) -> CSVRecord {
        var record = CSVRecord(line: line, fields: [])
        while true {
            guard record.fields.count < limits.fields else {
                throw CSVError(.tooManyFields(limit: limits.fields), line: record.line)
            }
            record.fields.append(try peek() == Self.quote ? quotedField() : plainField())
            guard let byte = try peek() else { return record }
            guard byte == delimiter else {
                try passLineEnd()
                return record
            }
            piece.removeFirst()
        }
    }

    /// A field up to, and without, the delimiter or line end after it.
    private mutating func plainField() throws(CSVError) -> String {
        var bytes: [UInt8] = []
        while let byte = try peek(), byte != delimiter, byte != Self.lineFeed, byte != Self.carriageReturn {
            if byte == Self.quote { throw CSVError(.quoteInsideField, line: line) }
            try append(byte, to: &bytes)
        }
        return try text(bytes, line: line)
    }

    /// A field in quotation marks, in which two of them stand for one and lines may end.
    private mutating func quotedField() throws(CSVError) -> String {
        let first = line
        var bytes: [UInt8] = []
        piece.removeFirst()
        while let byte = try peek() {
            guard byte == Self.quote else {
                if byte == Self.lineFeed { line += 1 }
                try append(byte, to: &bytes)
                continue
            }
            piece.removeFirst()
            switch try peek() {
            case Self.quote: try append(Self.quote, to: &bytes)
            case nil, delimiter, Self.lineFeed, Self.carriageReturn: return try text(bytes, line: first)
            default: throw CSVError(.textAfterQuote, line: line)
            }
        }
        throw CSVError(.unclosedQuote, line: first)
    }

    private mutating func append(_ byte: UInt8, to bytes: inout [UInt8]) throws(CSVError) {
        guard bytes.count < limits.fieldBytes else {
            throw CSVError(.fieldTooLong(limit: limits.fieldBytes), line: line)
        }
        bytes.append(byte)
        piece.removeFirst()
    }

    private func text(_ bytes: [UInt8], line: Int) throws(CSVError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw CSVError(.notText, line: line)
        }
        return text
    }

    private mutating func passLineEnd() throws(CSVError) {
        if try peek() == Self.carriageReturn {
            piece.removeFirst()
            guard try peek() == Self.lineFeed else { throw CSVError(.loneCarriageReturn, line: line) }
        }
        piece.removeFirst()
        line += 1
    }

    private var hasPassedMark = false

    /// Passes over EF BB BF at the very beginning, be it in one piece or in several.
    private mutating func passByteOrderMark() throws(CSVError) {
        guard !hasPassedMark else { return }
        hasPassedMark = true
        var beginning: [UInt8] = []
        while beginning.count < 3, try peek() != nil {
            beginning += piece
            piece = []
        }
        piece = beginning.starts(with: [0xEF, 0xBB, 0xBF]) ? beginning.dropFirst(3) : beginning[...]
    }

    /// The next byte, which stays next until it is removed from the piece.
    private mutating func peek() throws(CSVError) -> UInt8? {
        while piece.isEmpty && !isAtEnd {
            do {
                if let next = try nextPiece() { piece = next } else { isAtEnd = true }
            } catch {
                throw CSVError(.unreadable("\(error)"), line: line)
            }
        }
        return piece.first
    }
}
