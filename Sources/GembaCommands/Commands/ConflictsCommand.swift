public import ArgumentParser
import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `conflicts`: what people wrote apart.
public struct ConflictsCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "conflicts", abstract: "List what people wrote apart: all of it is kept, one of it is shown.",
            discussion: """
                EXAMPLES
                  \(Owner.name) conflicts
                  \(Owner.name) conflicts --json

                Writing the field again, knowing of all of it, settles it. Any program reads the same with SQL, from the
                table conflict of replica.sqlite.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "End with status 5 when there is anything to settle.") var check = false

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the conflicts.
    public func run() throws {
        let replica = try Owner.open(data)
        let conflicts = try replica.conflicts()
        let roster = try replica.roster()
        let names = conflicts.map { Owner.name(of: $0.row, in: $0.table, of: replica) }
        if output.json {
            JSONValue.array(zip(conflicts, names).map { json($0, name: $1, roster: roster) }).print()
        } else if conflicts.isEmpty {
            print("Nothing was written apart.")
        } else {
            for (conflict, name) in zip(conflicts, names) { show(conflict, name: name, roster: roster) }
        }
        if check, !conflicts.isEmpty {
            throw CommandFailure(.conflict, "\(conflicts.count) conflicts wait to be settled.")
        }
    }

    private func json(_ conflict: Conflict, name: String?, roster: Roster) -> JSONValue {
        .object([
            ("kind", .string(conflict.kind.rawValue)),
            ("table", .string(conflict.table)),
            ("row", .string("\(conflict.row)")),
            ("number", .text(name)),
            ("columns", .texts(conflict.columns)),
            (
                "siblings",
                .array(
                    conflict.siblings.map { sibling in
                        let provenance = sibling.provenance
                        return .object([
                            (
                                "values",
                                .object(conflict.columns.map { ($0, sibling.values[$0].map(JSONValue.init) ?? .null) })
                            ),
                            ("by", .string(provenance.actor)),
                            ("station", .string(roster.name(of: provenance.station))),
                            ("at", .string(PointInTime.iso(provenance.timestamp.milliseconds))),
                            ("reason", .string(provenance.reason)),
                            ("shown", .bool(sibling.isShown)),
                        ])
                    })
            ),
        ])
    }

    private func show(_ conflict: Conflict, name: String?, roster: Roster) {
        let columns = conflict.columns.joined(separator: ", ")
        print(Terminal.bold("\(name ?? "\(conflict.row)")  \(conflict.table) \(columns)") + conflict.kind.remark)
        for sibling in conflict.siblings {
            let values = sibling.written.map(\.shown).joined(separator: ", ")
            let provenance = sibling.provenance
            let reason = provenance.reason.isEmpty ? "" : " (\(provenance.reason))"
            print(
                "  \(sibling.isShown ? "shown" : "kept ")  \(values)\n"
                    + Terminal.dim(
                        "         \(provenance.actor) at \(roster.name(of: provenance.station)), "
                            + "\(PointInTime.local(provenance.timestamp.milliseconds))\(reason)"))
        }
    }
}

extension Conflict.Kind {
    /// What happened, where two values side by side do not say it.
    fileprivate var remark: String {
        switch self {
        case .siblings: ""
        case .counts: " (counted apart)"
        case .stranded: " (somebody went on counting, unheard of)"
        case .revived: " (deleted by one, edited by another)"
        case .orphan: " (there is no such row)"
        case .unfit: " (does not fit the column)"
        }
    }
}

extension Roster {
    /// What people call a station, or the beginning of its key.
    func name(of station: StationKey) -> String {
        if station == recovery, members[station] == nil { return "the recovery key" }
        return presentOrFormerMember(station)?.displayName ?? String(station.description.prefix(8))
    }
}

extension JSONValue {
    /// A stored value; bytes in hexadecimal.
    init(_ value: Value) {
        switch value {
        case .null: self = .null
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .number(number)
        case .text(let text): self = .string(text)
        case .blob(let bytes): self = .string(bytes.map { String(format: "%02x", $0) }.joined())
        }
    }
}

extension Value {
    /// The value for people.
    var shown: String {
        switch self {
        case .null: "(nothing)"
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): "“\(text)”"
        case .blob(let bytes): "\(bytes.count) bytes"
        }
    }
}
