/// What no source file may have. Each rule takes a file and returns what breaks it.
enum SourceRules {
    /// The greatest length of a file in lines. It may be lowered, never raised.
    static let maximumLines = 600

    static func excessLines(_ file: Repository.File) -> [String] {
        let count = file.lines.count - 1
        return count <= maximumLines ? [] : ["\(file.path) has \(count) lines, at most \(maximumLines) are allowed"]
    }

    /// Names of files, folders and types that say nothing about their content.
    static func emptyNames(_ path: String) -> [String] {
        let banned: Set<String> = [
            "util", "utils", "utilities", "helper", "helpers", "common", "manager", "managers", "misc", "extensions",
            "types",
        ]
        let found = path.split { "/+.-_ ".contains($0) }.flatMap { words(in: $0) }
        return found.filter { banned.contains($0) }.map { "\(path): \"\($0)\" is no noun of the domain" }
    }

    /// The words of a name in camel case, in lower case.
    private static func words(in name: Substring) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty { words.append("") }
            words[words.count - 1].append(contentsOf: character.lowercased())
        }
        return words
    }

    /// Work that was put off, and calls that end a program or write past the log.
    static func unfinished(_ file: Repository.File) -> [String] {
        find(
            ["TO" + "DO", "FIX" + "ME", "X" + "XX", "not implemented", "fatalError(", "Task.detached", "try!"], in: file
        )
    }

    /// What a pure target may not touch: clocks, randomness of its own, concurrency.
    static func impurities(_ file: Repository.File) -> [String] {
        find(
            [
                "SystemRandomNumberGenerator", "ContinuousClock", "SuspendingClock", ".random()", "await ", "Task {",
                "Task(", "DispatchQueue", "Thread",
            ], in: file)
    }

    /// Lines outside comments that contain one of the words.
    private static func find(_ words: [String], in file: Repository.File) -> [String] {
        file.lines.enumerated().flatMap { number, line in
            let code = line.drop { $0 == " " }
            guard !code.hasPrefix("//") || words.contains("TO" + "DO") else { return [String]() }
            return words.filter { code.contains($0) }.map { "\(file.path):\(number + 1): \($0)" }
        }
    }
}
