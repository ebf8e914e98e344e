/// Which modules each target may import: arrows point down, pure targets do no I/O, and a relay knows no domain.
enum ImportRules {
    /// What the platform gives to targets with effects.
    private static let platform: Set<String> = ["Dispatch", "Foundation", "Glibc", "Musl", "Darwin", "Synchronization"]

    static let allowed: [String: Set<String>] = [
        "GembaCausality": [],
        "GembaCRDT": ["GembaCausality"],
        "GembaWire": ["GembaCausality", "Crypto"],
        "GembaGossip": ["GembaCausality", "GembaWire"],
        "GembaTrust": platform.union(["GembaCausality", "GembaWire", "Crypto", "CryptoExtras", "CZstd"]),
        "GembaStore": platform.union([
            "GembaCausality", "GembaCRDT", "GembaWire", "GembaTrust", "Crypto", "GRDB", "GRDBSQLite", "CLinux",
            "CSQLite",
        ]),
        "GembaNode": platform.union([
            "GembaCausality", "GembaWire", "GembaGossip", "GembaTrust", "GembaStore", "Logging",
        ]),
        "GembaZeroMQ": platform.union(["GembaCausality", "GembaWire", "GembaNode", "CZeroMQ"]),
        "GembaFloor": platform.union([
            "GembaCausality", "GembaWire", "GembaTrust", "GembaStore", "Crypto", "GRDB",
        ]),
        "Gemba": platform.union([
            "GembaCausality", "GembaCRDT", "GembaWire", "GembaTrust", "GembaStore", "GembaNode", "GembaZeroMQ",
            "GembaFloor", "Logging",
        ]),
        "GembaSimulation": platform.union([
            "GembaCausality", "GembaCRDT", "GembaWire", "GembaGossip", "GembaTrust", "GembaStore", "GembaNode",
            "Crypto",
            "GRDB", "Logging",
        ]),
        "gemba-soak": platform.union(["GembaSimulation", "ArgumentParser"]),
        "GembaCommands": platform.union([
            "GembaCausality", "GembaWire", "GembaTrust", "GembaStore", "GembaNode", "GembaZeroMQ", "ArgumentParser",
            "Logging", "GRDB", "CLinux",
        ]),
        "gemba": platform.union([
            "Gemba", "GembaCausality", "GembaWire", "GembaTrust", "GembaStore", "GembaNode", "GembaFloor",
            "GembaCommands", "ArgumentParser", "Logging", "GRDB",
        ]),
        "gemba-relay": platform.union(["GembaStore", "GembaCommands", "ArgumentParser"]),
    ]

    /// The modules that a source file imports, in whatever form.
    static func imports(in source: String) -> [String] {
        let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor"]
        return source.split(separator: "\n").compactMap { line in
            var words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }[...]
            while let word = words.first, word.hasPrefix("@") || modifiers.contains(word) { words.removeFirst() }
            guard words.popFirst() == "import" else { return nil }
            if let word = words.first, kinds.contains(word) { words.removeFirst() }
            return words.first.map { String($0.prefix { $0 != "." }) }
        }
    }

    /// The imports of a file that its target may not have; all of them if the target is unknown.
    static func violations(in source: String, of target: String) -> [String] {
        imports(in: source).filter { !(allowed[target]?.contains($0) ?? false) }
    }
}
