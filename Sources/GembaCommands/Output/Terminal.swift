import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What is known of the terminal, if there is one.
public enum Terminal {
    /// Writes a message for a person to standard error, after what was printed before it.
    public static func say(_ message: String) {
        fflush(nil)
        FileHandle.standardError.write(Data((message + "\n").utf8))
    }

    /// Whether a person may be asked on standard input.
    public static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Whether standard output may be styled: it is a terminal, and nobody asked for plain text (no-color.org).
    public static let isStyled: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty
            && environment["TERM"] != "dumb"
    }()

    /// The text in bold, where styles are shown.
    public static func bold(_ text: String) -> String { styled(text, "1") }
    /// The text less prominent, where styles are shown.
    public static func dim(_ text: String) -> String { styled(text, "2") }
    /// The text in the colour of things to look at, where colours are shown.
    public static func warning(_ text: String) -> String { styled(text, "33") }

    private static func styled(_ text: String, _ code: String) -> String {
        isStyled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
