import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A line on the terminal that says how far something is, for as long as it lasts. Where nobody looks, nothing is written.
struct ProgressLine {
    private let isShown: Bool

    init(isShown: Bool) { self.isShown = isShown && isatty(STDERR_FILENO) == 1 }

    /// Writes over what the line said before.
    func show(_ text: String) {
        if isShown { FileHandle.standardError.write(Data("\r\(text)".utf8)) }
    }

    /// Leaves the line as it is.
    func end() {
        if isShown { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}
