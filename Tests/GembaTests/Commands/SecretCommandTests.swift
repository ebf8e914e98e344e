import Foundation
import Testing

/// Who else on a machine sees what a station keeps to itself (T5, T9).
@Suite("Programs: secrets", .timeLimit(.minutes(5)))
struct SecretCommandTests {
    private func secret(_ plant: Machines, _ name: String, _ text: String) throws -> String {
        let path = try plant.file(name, text + "\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    /// The files and folders of a machine that others than its owner may do anything with.
    private func openToOthers(_ plant: Machines, _ machine: String) throws -> [String] {
        let root = plant.data(machine)
        let names = [""] + (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
        #expect(names.count > 5)
        return try names.compactMap { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + name)
            let mode = try #require(attributes[.posixPermissions] as? Int)
            let expected = attributes[.type] as? FileAttributeType == .typeDirectory ? 0o700 : 0o600
            return mode == expected ? nil : "\(name): \(String(mode, radix: 8))"
        }
    }

    @Test("T9: every file that a station makes is its owner's alone")
    func permissions() async throws {
        try await Machines.withPlant { plant in
            let hub = try await plant.start("it")
            try await plant.join("line", name: "L3", at: hub.endpoint)
            _ = try await plant.start("line", peers: [hub.endpoint])
            try await plant.gemba("line", "report", "belt slips", "--at", "L3-B1")
            #expect(try await plant.agree("it", "line"))
            try await plant.gemba("it", "ticket", "list")
            for machine in ["it", "line"] {
                let names = try FileManager.default.contentsOfDirectory(atPath: plant.data(machine))
                let made = ["replica.sqlite", "replica.sqlite-wal", "replica.side", "search.sqlite", "daemon.lock"]
                for expected in made {
                    #expect(names.contains(expected), "\(machine): \(names)")
                }
                #expect(try openToOthers(plant, machine) == [])
            }
        }
    }

    @Test("T5: locked keys need their passphrase for everything, from a file or a credential, also for a daemon")
    func lockedStation() async throws {
        try await Machines.withPlant { plant in
            let words = "seven spare fuses"
            let right = try secret(plant, "right", words)
            let wrong = try secret(plant, "wrong", "six spare fuses")
            try await plant.gemba("it", "key", "protect", expecting: 2)
            try await plant.gemba("it", "key", "protect", "--new-passphrase-file", right)
            let file = try Data(contentsOf: URL(fileURLWithPath: plant.data("it") + "/keys/station.key"))
            #expect(file.range(of: Data("gemba/locked-keys/1".utf8)) != nil)
            let none = try await plant.gemba("it", "status", expecting: 2)
            #expect(none.err.contains("--passphrase-file"))
            let other = try await plant.gemba("it", "status", "--passphrase-file", wrong, expecting: 2)
            #expect(other.err.contains("does not open"))
            try await plant.gemba("it", "status", "--passphrase-file", right)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: wrong)
            let shown = try await plant.gemba("it", "status", "--passphrase-file", wrong, expecting: 1)
            #expect(shown.err.contains("chmod 600"))

            // As systemd hands it over.
            let credentials = plant.data("credentials")
            try FileManager.default.createDirectory(atPath: credentials, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: right, toPath: credentials + "/gemba-passphrase")
            let daemon = try await plant.start(
                "it", environment: ["CREDENTIALS_DIRECTORY": credentials], logLevel: "trace")
            try await checkSecrecy(of: daemon, plant, words: words)
            try await daemon.stop()
            try await plant.gemba("it", "key", "unprotect", "--passphrase-file", right)
            try await plant.gemba("it", "key", "unprotect", expecting: 4)
            try await plant.gemba("it", "status")
        }
    }

    /// Looks at a daemon with the eyes of its own user.
    private func checkSecrecy(of daemon: Daemon, _ plant: Machines, words: String) async throws {
        let place = "/proc/\(daemon.process.identifier)"
        for file in ["cmdline", "environ"] {
            let content = try Data(contentsOf: URL(fileURLWithPath: "\(place)/\(file)"))
            #expect(!content.isEmpty && content.range(of: Data(words.utf8)) == nil, "\(file)")
        }
        #expect(!daemon.process.errors.contains(words))
        let limits = try String(contentsOfFile: "\(place)/limits", encoding: .utf8)
        let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(core.split { $0 == " " }.dropFirst(4).prefix(2) == ["0", "0"])
    }

    @Test("T13: the memory of a station's programs is closed to other processes of its own user")
    func memory() async throws {
        // The kernel gives a process's files in /proc to root when its memory may not be dumped (proc(5)). For root there is no
        // difference, so that the test becomes somebody else.
        let isRoot = geteuid() == 0
        let user: UInt32 = isRoot ? 65534 : geteuid()
        let runner = isRoot ? ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] : []
        if isRoot, !FileManager.default.isExecutableFile(atPath: runner[0]) {
            print("skipped: there is no setpriv to become somebody else with")
            return
        }
        let scratch = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: scratch.path)
        let data = scratch.folder("it")
        let made = try await RunningProgram(
            .gemba, ["init", "--plant", "P", "--station", "IT", "--data", data], scratch: scratch.path, runner: runner
        ).output()
        try #require(made.status == 0, "\(made.err)")
        let daemon = try RunningProgram(
            .gemba, ["run", "--data", data, "--listen", "tcp://127.0.0.1:0"], scratch: scratch.path, runner: runner)
        defer { daemon.terminate() }
        try #require(try await eventually { daemon.errors.contains("listening on") || !daemon.isRunning })
        #expect(try owner(of: daemon) == 0)
        // A program that hides nothing belongs to its user.
        let open = try RunningProgram(URL(fileURLWithPath: "/bin/sleep"), ["60"], scratch: scratch.path, runner: runner)
        defer { open.terminate() }
        #expect(try await eventually { try owner(of: open) == user })
        daemon.terminate()
        _ = try await daemon.output()
    }

    private func owner(of process: RunningProgram) throws -> UInt32? {
        let attributes = try FileManager.default.attributesOfItem(atPath: "/proc/\(process.identifier)/environ")
        return (attributes[.ownerAccountID] as? NSNumber)?.uint32Value
    }
}
