// swift-tools-version: 6.2
import PackageDescription

// MARK: - Settings

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// MARK: - External products

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

// MARK: - Pure targets: no I/O, no clock, no randomness

let pureTargets: [Target] = [
    .target(name: "GembaCausality", swiftSettings: settings),
    .target(name: "GembaCRDT", dependencies: ["GembaCausality"], swiftSettings: settings),
    .target(name: "GembaWire", dependencies: ["GembaCausality", crypto], swiftSettings: settings),
    .target(name: "GembaGossip", dependencies: ["GembaWire", "GembaCausality"], swiftSettings: settings),
]

// MARK: - Effects

let effectTargets: [Target] = [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .target(
        name: "GembaTrust", dependencies: ["GembaWire", "GembaCausality", "CZstd", crypto, cryptoExtras],
        swiftSettings: settings),
    .target(
        name: "GembaStore",
        dependencies: [
            "GembaCRDT", "GembaWire", "GembaCausality", "GembaTrust", "CLinux", "CSQLite", crypto, grdb, sqlite,
        ],
        swiftSettings: settings),
    .target(
        name: "GembaNode",
        dependencies: ["GembaGossip", "GembaStore", "GembaTrust", "GembaWire", "GembaCausality", logging],
        swiftSettings: settings),
    .target(
        name: "GembaZeroMQ", dependencies: ["GembaNode", "GembaWire", "GembaCausality", "CZeroMQ"],
        swiftSettings: settings),
]

// MARK: - Applications

let applicationTargets: [Target] = [
    .target(
        name: "GembaFloor",
        dependencies: ["GembaStore", "GembaTrust", "GembaWire", "GembaCausality", grdb, crypto],
        swiftSettings: settings),
    .target(
        name: "Gemba",
        dependencies: [
            "GembaFloor", "GembaStore", "GembaNode", "GembaZeroMQ", "GembaTrust", "GembaWire", "GembaCRDT",
            "GembaCausality", logging,
        ],
        swiftSettings: settings),
    .target(
        name: "GembaSimulation",
        dependencies: [
            "GembaNode", "GembaGossip", "GembaStore", "GembaTrust", "GembaWire", "GembaCausality", crypto, grdb,
            logging,
        ],
        swiftSettings: settings),
    .executableTarget(name: "gemba-soak", dependencies: ["GembaSimulation", argumentParser], swiftSettings: settings),
    .target(
        name: "GembaCommands",
        dependencies: [
            "GembaNode", "GembaZeroMQ", "GembaStore", "GembaTrust", "GembaWire", "GembaCausality", "CLinux",
            argumentParser, logging,
        ],
        swiftSettings: settings),
    .executableTarget(
        name: "gemba", dependencies: ["Gemba", "GembaCommands", argumentParser], swiftSettings: settings),
    .executableTarget(
        name: "gemba-relay", dependencies: ["GembaCommands", "GembaStore", argumentParser], swiftSettings: settings),
]

// MARK: - Tests

let testTargets: [Target] = [
    .testTarget(
        name: "GembaTests",
        dependencies: [
            "GembaCausality", "GembaCRDT", "GembaWire", "GembaGossip", "GembaTrust", "GembaStore", "GembaNode",
            "GembaZeroMQ", "GembaFloor", "Gemba", "GembaSimulation", "GembaCommands", "CZeroMQ", "CZstd", grdb, crypto,
            logging,
        ],
        exclude: ["Floor/Fixtures", "Formats/Fixtures"],
        swiftSettings: settings)
]

let package = Package(
    name: "gemba",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Gemba", targets: ["Gemba"]),
        .library(name: "GembaCRDT", targets: ["GembaCRDT"]),
        .library(name: "GembaGossip", targets: ["GembaGossip"]),
        .library(name: "GembaStore", targets: ["GembaStore"]),
        .executable(name: "gemba", targets: ["gemba"]),
        .executable(name: "gemba-relay", targets: ["gemba-relay"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: pureTargets + effectTargets + applicationTargets + testTargets
)
