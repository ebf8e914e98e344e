import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

extension BundleReport {
    /// Why the command that read the bundle fails, after what it reported; nil when everything is held now.
    var failure: CommandFailure? {
        switch ending {
        case .complete: break
        case .truncated:
            return CommandFailure(
                .failure,
                "The file ends before the bundle does. What it has was taken; read it again when it is whole.")
        case .damaged(let what):
            return CommandFailure(
                .failure,
                "The file is damaged (\(what)). What came before was taken; get it again and read it as a whole.")
        case .refused(let why):
            return CommandFailure(.failure, "The file has something that no station writes. \(why)")
        }
        guard !forked.isEmpty || roster.leftOut + data.leftOut > 0 else { return nil }
        if !forked.isEmpty {
            return CommandFailure(.failure, "Two histories of \(forked.count) logs were met; what was held here stays.")
        }
        return CommandFailure(
            .notFound, "\(roster.leftOut + data.leftOut) entries follow something that is missing here. \(remedy)")
    }

    private var remedy: String {
        if lacking.contains(where: \.isFolded) {
            return
                "Its writer has folded that: meet a machine that keeps the whole log, or take a checkpoint over a link."
        }
        if lacking.isEmpty { return "Read a later or complete bundle." }
        return "Read the bundles before this one, or one without --since."
    }

    /// Prints what came of it, for people.
    func show(_ isRehearsal: Bool, _ members: Roster) {
        print(
            "\(isRehearsal ? "Would take" : "Took") \(data.new) entries; \(data.known) were held before, "
                + "\(data.leftOut) left out")
        if roster.new > 0 { print("\(isRehearsal ? "Would take" : "Took") \(roster.new) entries of the roster") }
        print(
            "Written by \(members.name(of: preamble.writer)), \(PointInTime.local(preamble.made)), as the file says")
        if quarantined > 0 {
            print(Terminal.warning("\(quarantined) entries are kept without effect: they break the format"))
        }
        for entry in lacking {
            let held = entry.held.map { "held up to \($0)" } ?? "not held at all"
            let reason = entry.isFolded ? "; its writer has folded it" : ""
            print(
                Terminal.warning(
                    "Missing: log \(entry.reference.replica) up to \(entry.reference.sequence), \(held)\(reason)"))
        }
    }

    /// What came of it, for programs.
    func json(dryRun: Bool, roster members: Roster) -> JSONValue {
        .object([
            ("version", .integer(1)), ("dryRun", .bool(dryRun)),
            ("writer", .string(members.name(of: preamble.writer))), ("made", .string(PointInTime.iso(preamble.made))),
            ("new", .count(data.new)), ("known", .count(data.known)), ("leftOut", .count(data.leftOut)),
            ("quarantined", .count(quarantined)),
            (
                "roster",
                .object([
                    ("new", .count(roster.new)), ("known", .count(roster.known)), ("leftOut", .count(roster.leftOut)),
                ])
            ),
            (
                "missing",
                .array(
                    lacking.map { entry in
                        .object([
                            ("entry", .string(BundleBase.text(entry.reference))), ("held", .count(entry.held)),
                            ("folded", .bool(entry.isFolded)),
                        ])
                    })
            ),
            ("forks", .texts(forked.map(\.description).sorted())),
            ("base", .texts(extents.base.map(BundleBase.text))), ("end", .texts(extents.end.map(BundleBase.text))),
            ("ending", .string(endingName)), ("detail", .text(endingDetail)),
        ])
    }

    private var endingName: String {
        switch ending {
        case .complete: "complete"
        case .truncated: "truncated"
        case .damaged: "damaged"
        case .refused: "refused"
        }
    }

    private var endingDetail: String? {
        switch ending {
        case .complete, .truncated: nil
        case .damaged(let text), .refused(let text): text
        }
    }
}
