public import ArgumentParser
import GembaStore
import GembaTrust

/// `init`: founds a plant.
public struct InitCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "init", abstract: "Found a plant: its authority, its first station and its roster.",
            discussion: """
                EXAMPLE
                  \(Owner.name) init --data /var/lib/gemba --plant "Plant 7" --station IT

                The recovery key is written to recovery.key in the data folder. It outranks every station: move it to a \
                place that is not on the network, and delete it here.

                With --protect or --passphrase-file the station's keys are locked, so that a stolen disk gives them to nobody \
                who does not know the passphrase.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "The plant's name.") var plant: String
    @Option(help: "The short name of this station, with which its ticket numbers begin, such as IT or L3.")
    var station: String
    @Flag(
        help:
            "Seal nothing: relays can read what they store and forward. The plant stays open until someone begins an epoch."
    )
    var open = false
    @Flag(help: "Lock the keys with a passphrase that you type.") var protect = false

    /// Creates a command to be parsed.
    public init() {}

    /// Makes the keys, the roster and an empty replica.
    public func run() throws {
        let folder = try data.folder()
        let (replica, recovery) = try Replica.found(
            plant: plant, station: station, in: folder, schema: Owner.schema, isSealed: !open,
            sources: data.sources(asksForNew: protect))
        try recovery.save(inFolder: folder)
        let path = folder + "/recovery.key"
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("plant", .string(plant)), ("plantID", .string("\(replica.plant)")),
                ("station", .string(station)), ("stationKey", .string("\(replica.identity.stationKey)")),
                ("recoveryKey", .string(path)),
            ]).print()
        } else {
            print("Plant \(plant) is founded. This is station \(station), which administers it.")
            print("plant    \(replica.plant)")
            print("station  \(replica.identity.stationKey)")
        }
        Terminal.say(
            """

            IMPORTANT: \(path) holds the recovery key, which outranks every station.
            Move it to a place that is not on the network, such as paper in a safe, and delete it here.

            Next:  \(Owner.name) run --data \(folder) --listen tcp://*:7700
                   \(Owner.name) invite --data \(folder) --role station
            """)
    }
}
