import GembaCommands

await CommandLine.run(RelayCommand.self)
