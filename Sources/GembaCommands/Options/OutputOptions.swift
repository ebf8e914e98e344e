public import ArgumentParser

/// How a command that reads shows what it found.
public struct OutputOptions: ParsableArguments {
    /// Whether to print JSON for programs.
    @Flag(help: "Print JSON for programs. Keys keep their meaning; new ones may come.")
    public var json = false

    /// Creates options to be parsed.
    public init() {}
}
