import GembaCommands

await CommandLine.run(GembaCommand.self)
