/// The classes of faults that a simulation injects. Each seed has its own choice of them, so that faults which hide each
/// other are also met alone (swarm testing: Groce et al., ISSTA 2012).
public struct Fault: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// One bit for each class.
    public let rawValue: UInt32

    /// Creates a set of classes from bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Frames get lost.
    public static let loss = Fault(rawValue: 1 << 0)
    /// Frames arrive twice.
    public static let duplication = Fault(rawValue: 1 << 1)
    /// Frames overtake each other.
    public static let reordering = Fault(rawValue: 1 << 2)
    /// The runs of a batch change places, as a broken sender would send them.
    public static let scrambling = Fault(rawValue: 1 << 3)
    /// Groups of nodes are cut off from each other.
    public static let partition = Fault(rawValue: 1 << 4)
    /// Frames get through one way only.
    public static let oneWayPartition = Fault(rawValue: 1 << 5)
    /// Links break and are dialled again.
    public static let linkCuts = Fault(rawValue: 1 << 6)
    /// Who has a route to whom changes.
    public static let topologyChanges = Fault(rawValue: 1 << 7)
    /// Processes die between two events and start again.
    public static let crash = Fault(rawValue: 1 << 8)
    /// Processes die in the middle of handling an event.
    public static let crashInEvent = Fault(rawValue: 1 << 9)
    /// The side file misses what the last commit before a crash would have recorded.
    public static let crashBeforeSideFile = Fault(rawValue: 1 << 10)
    /// Wall clocks are wrong by up to ten years.
    public static let wrongClocks = Fault(rawValue: 1 << 11)
    /// Wall clocks jump and stand still.
    public static let steppingClocks = Fault(rawValue: 1 << 12)
    /// An older copy of a database comes back, while its side file stays.
    public static let restoredDatabase = Fault(rawValue: 1 << 13)
    /// An older copy of a whole folder comes back, side file included, and nothing is written until a peer told.
    public static let restoredFolder = Fault(rawValue: 1 << 14)
    /// A copy of a folder starts as a node of its own.
    public static let clone = Fault(rawValue: 1 << 15)
    /// Stations enrol over the simulated network while everything else goes on.
    public static let lateEnrolment = Fault(rawValue: 1 << 16)
    /// Some stations know fewer tables and columns, and learn them when they restart.
    public static let mixedSchemas = Fault(rawValue: 1 << 17)
    /// Other processes write to a station's database beside its node.
    public static let otherProcesses = Fault(rawValue: 1 << 18)
    /// A crash is not noticed by the peer's transport, as when power fails.
    public static let silentCrash = Fault(rawValue: 1 << 19)

    /// Who lacks a few changes is offered a checkpoint instead of a stream.
    public static let earlyCheckpoints = Fault(rawValue: 1 << 20)

    /// Stations acknowledge what they hold, and fold history without waiting for everybody.
    public static let folding = Fault(rawValue: 1 << 21)

    /// The administrator declares members lapsed, which return by themselves, and drops deleted rows.
    public static let dropping = Fault(rawValue: 1 << 22)

    /// Administrators revoke, retire and reinstate stations, some of which go on as if they had not heard of it.
    public static let removal = Fault(rawValue: 1 << 23)

    /// Logs are forked: a whole folder is put back, or copied so that nothing tells it from the original, and both go on writing
    /// under one name; some of them although they know.
    public static let fork = Fault(rawValue: 1 << 24)

    /// What happens to long histories.
    static let growth: Fault = [.earlyCheckpoints, .folding, .dropping]
    /// What is drawn after everything else.
    static let late: Fault = growth.union([.removal, .fork])
    /// What administrators do, at times of their own.
    static let administration: Fault = [.dropping, .removal]

    /// All classes with their names.
    static let names: [(Fault, String)] = [
        (.loss, "loss"), (.duplication, "duplication"), (.reordering, "reordering"), (.scrambling, "scrambling"),
        (.partition, "partition"), (.oneWayPartition, "oneWayPartition"), (.linkCuts, "linkCuts"),
        (.topologyChanges, "topologyChanges"), (.crash, "crash"), (.crashInEvent, "crashInEvent"),
        (.crashBeforeSideFile, "crashBeforeSideFile"), (.wrongClocks, "wrongClocks"),
        (.steppingClocks, "steppingClocks"), (.restoredDatabase, "restoredDatabase"),
        (.restoredFolder, "restoredFolder"), (.clone, "clone"), (.lateEnrolment, "lateEnrolment"),
        (.mixedSchemas, "mixedSchemas"), (.otherProcesses, "otherProcesses"), (.silentCrash, "silentCrash"),
        (.earlyCheckpoints, "earlyCheckpoints"), (.folding, "folding"), (.dropping, "dropping"),
        (.removal, "removal"), (.fork, "fork"),
    ]

    /// The names of the classes, separated by plus signs.
    public var description: String {
        let names = Self.names.filter { contains($0.0) }.map(\.1)
        return names.isEmpty ? "none" : names.joined(separator: "+")
    }

    /// Reads the form of ``description``; nil when a name is unknown.
    public init?(_ text: String) {
        self = []
        if text == "none" { return }
        for part in text.split(separator: "+") {
            guard let known = Self.names.first(where: { $0.1 == part }) else { return nil }
            insert(known.0)
        }
    }

    /// Every class.
    public static let all = Fault(names.map(\.0))
}
