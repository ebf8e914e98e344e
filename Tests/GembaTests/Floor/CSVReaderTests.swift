import Foundation
import GembaFloor
import Testing

@Suite("CSV reader (RFC 4180)")
struct CSVReaderTests {
    private func records(_ text: String, delimiter: Unicode.Scalar = ",") throws -> [[String]] {
        try records(CSVReader(Array(text.utf8), delimiter: delimiter))
    }

    private func records(_ reader: CSVReader) throws -> [[String]] {
        var reader = reader
        var result: [[String]] = []
        while let record = try reader.next() { result.append(record.fields) }
        return result
    }

    @Test(arguments: [
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
        ("\u{FEFF}a,b\n", [["a", "b"]]),
        ("\u{FEFF}\"a\",b\n", [["a", "b"]]),
        ("\"a,1\",\"say \"\"hi\"\"\"\n", [["a,1", "say \"hi\""]]),
        ("\"two\r\nlines\",b\r\n", [["two\r\nlines", "b"]]),
        ("a,,\n,\n", [["a", "", ""], ["", ""]]),
        ("a\n\n\r\nb\n\n", [["a"], ["b"]]),
        ("\"\"\n", [[""]]),
        ("wózek,ąę\n", [["wózek", "ąę"]]),
        ("ｗ,x", [["ｗ", "x"]]),
        ("", []),
        ("\u{FEFF}", []),
    ])
    func `reads what the format allows`(text: String, expected: [[String]]) throws {
        #expect(try records(text) == expected)
    }

    @Test(arguments: [
        ("a,\"b\nc,d\n", CSVError(.unclosedQuote, line: 1)),
        ("a\n\"x\ny\n", CSVError(.unclosedQuote, line: 2)),
        ("a\nb\"c\n", CSVError(.quoteInsideField, line: 2)),
        ("a\n\"x\ny\"z\n", CSVError(.textAfterQuote, line: 3)),
        ("a\rb\n", CSVError(.loneCarriageReturn, line: 1)),
        ("a\nb\u{0}c\n", CSVError(.notText, line: 2)),
    ])
    func `refuses what it would have to guess, and names the line`(text: String, expected: CSVError) {
        #expect(throws: expected) { try records(text) }
        #expect(expected.description.hasPrefix("line \(expected.line): "))
    }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(throws: CSVError(.notText, line: 2)) { try records(CSVReader([97, 10, 0xC3, 0x28, 10])) }
    }

    @Test func `reads another delimiter`() throws {
        #expect(try records("a;b,c\n", delimiter: ";") == [["a", "b,c"]])
    }

    @Test func `a field and a record have limits`() {
        var limits = CSVReader.Limits()
        limits.fieldBytes = 4
        limits.fields = 2
        #expect(throws: CSVError(.fieldTooLong(limit: 4), line: 2)) {
            try records(CSVReader(Array("abcd\nabcde\n".utf8), limits: limits))
        }
        #expect(throws: CSVError(.fieldTooLong(limit: 4), line: 1)) {
            try records(CSVReader(Array("\"abcde\"\n".utf8), limits: limits))
        }
        #expect(throws: CSVError(.tooManyFields(limit: 2), line: 1)) {
            try records(CSVReader(Array("a,b,c\n".utf8), limits: limits))
        }
    }

    @Test(arguments: 1...7)
    func `pieces may end anywhere`(size: Int) throws {
        let bytes = Array("\u{FEFF}a,\"b \"\"x\"\"\r\nc\"\r\nwózek,d\r\n".utf8)
        var start = 0
        let reader = CSVReader { () -> ArraySlice<UInt8>? in
            guard start < bytes.count else { return nil }
            defer { start += size }
            return bytes[start..<min(start + size, bytes.count)]
        }
        #expect(try records(reader) == [["a", "b \"x\"\r\nc"], ["wózek", "d"]])
    }

    @Test func `a failing source is an error of the line that was reached`() {
        struct Broken: Error {}
        var isFirst = true
        let reader = CSVReader {
            defer { isFirst = false }
            guard isFirst else { throw Broken() }
            return ArraySlice("a\nb\nc".utf8)
        }
        #expect(throws: CSVError(.unreadable("Broken()"), line: 3)) { try records(reader) }
    }

    @Test func `repeated columns are kept in their places`() throws {
        var table = try CSVTable(CSVReader(Array("key,comment,comment\nA,1,2\n".utf8)))
        #expect(table.positions(of: "comment") == [1, 2])
        #expect(table.positions(of: "none").isEmpty)
        let record = try #require(try table.next())
        #expect(record.line == 2)
        #expect(table.positions(of: "comment").map { record.fields[$0] } == ["1", "2"])
        #expect(try table.next() == nil)
    }

    @Test func `a table without a header, and a record of another width, are refused`() throws {
        #expect(throws: CSVError(.empty, line: 1)) { try CSVTable(CSVReader([])) }
        var table = try CSVTable(CSVReader(Array("a,b\n1,2\n1\n".utf8)))
        _ = try table.next()
        #expect(throws: CSVError(.fieldCount(expected: 2, found: 1), line: 3)) { try table.next() }
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: CSVError.self) { try CSVTable(contentsOf: URL(filePath: "/nowhere/at-all.csv")) }
    }
}
