public import Foundation

/// CSV with a header: records whose fields are asked for by column.
///
/// A header may name a column several times, as trackers do for comments and attachments; all of them are kept, in
/// their order.
public struct CSVTable {
    /// The names in the header, as they stand.
    public let columns: [String]
    private var reader: CSVReader
    private let positions: [String: [Int]]

    /// Reads the header.
    public init(_ reader: CSVReader) throws(CSVError) {
        var reader = reader
        guard let header = try reader.next() else { throw CSVError(.empty, line: 1) }
        self.reader = reader
        columns = header.fields
        positions = Dictionary(grouping: header.fields.indices) { header.fields[$0] }
    }

    /// Opens a file and reads its header; the file is read piece by piece as records are asked for.
    public init(contentsOf file: URL, delimiter: Unicode.Scalar = ",") throws(CSVError) {
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: file) } catch {
            throw CSVError(.unreadable(error.localizedDescription), line: 1)
        }
        try self.init(
            CSVReader(delimiter: delimiter) {
                try handle.read(upToCount: Self.pieceBytes).flatMap { $0.isEmpty ? nil : ArraySlice($0) }
            })
    }

    /// How much of a file is read at once: large enough that system calls do not matter.
    private static let pieceBytes = 1 << 16

    /// Where a column stands in the records; empty for one that the header does not name.
    public func positions(of column: String) -> [Int] { positions[column] ?? [] }

    /// The next record, or nil at the end; a record of another width than the header is an error.
    public mutating func next() throws(CSVError) -> CSVRecord? {
        guard let record = try reader.next() else { return nil }
        guard record.fields.count == columns.count else {
            throw CSVError(.fieldCount(expected: columns.count, found: record.fields.count), line: record.line)
        }
        return record
    }
}
