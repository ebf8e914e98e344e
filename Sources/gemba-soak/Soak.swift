import ArgumentParser

/// Looks for faults, and measures, in simulated worlds.
@main
struct Soak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Simulates plants, one for each seed.",
        subcommands: [PlantSoak.self, StormSoak.self, SpreadSoak.self, MutantSoak.self],
        defaultSubcommand: PlantSoak.self)
}
