/// Why a file cannot be imported at all.
public struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: Hashable, Sendable {
        /// The file is not CSV.
        case csv(CSVError)
        /// A column without which nothing can be understood is not in the header.
        case missingColumn(String)
    }

    /// What is wrong.
    public var code: Code

    /// Creates an error.
    public init(_ code: Code) { self.code = code }

    /// What is wrong and what to do about it, as a sentence.
    public var description: String {
        switch code {
        case .csv(let error): error.description
        case .missingColumn(let name): "the header has no column \(name); export the incidents with it"
        }
    }
}
