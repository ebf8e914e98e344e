/// Why a file is not CSV, and where.
public struct CSVError: Error, Hashable, Sendable {
    /// The kinds of mistake.
    public enum Code: Hashable, Sendable {
        /// A quoted field is not closed before the end of the file.
        case unclosedQuote
        /// A quotation mark stands inside a field that does not begin with one.
        case quoteInsideField
        /// Something other than a delimiter or a line end follows a closing quotation mark.
        case textAfterQuote
        /// A carriage return without a line feed stands outside quotation marks.
        case loneCarriageReturn
        /// A field is not UTF-8, or holds the character U+0000.
        case notText
        /// A field is longer than the limit.
        case fieldTooLong(limit: Int)
        /// A record has more fields than the limit.
        case tooManyFields(limit: Int)
        /// A record has another number of fields than the header.
        case fieldCount(expected: Int, found: Int)
        /// The file has no header.
        case empty
        /// The file cannot be read.
        case unreadable(String)
    }

    /// What is wrong.
    public var code: Code
    /// The line of the file, counted from 1, in which the mistake stands or the unclosed field begins.
    public var line: Int

    /// Creates an error.
    public init(_ code: Code, line: Int) {
        self.code = code
        self.line = line
    }
}

extension CSVError: CustomStringConvertible {
    /// The mistake and its remedy as a sentence, beginning with the line.
    public var description: String {
        let problem =
            switch code {
            case .unclosedQuote: "a quoted field begins here and never ends; close it with a quotation mark"
            case .quoteInsideField:
                "a quotation mark stands inside a field; quote the whole field and double the mark"
            case .textAfterQuote: "text follows a closing quotation mark; double a mark that belongs to the text"
            case .loneCarriageReturn: "a carriage return has no line feed; end lines with LF or CRLF"
            case .notText: "a field is not UTF-8 text; convert the file to UTF-8"
            case .fieldTooLong(let limit): "a field is longer than \(limit) bytes"
            case .tooManyFields(let limit): "a record has more than \(limit) fields"
            case .fieldCount(let expected, let found):
                "the record has \(found) fields where the header has \(expected)"
            case .empty: "the file has no header"
            case .unreadable(let cause): "the file cannot be read: \(cause)"
            }
        return "line \(line): \(problem)"
    }
}
