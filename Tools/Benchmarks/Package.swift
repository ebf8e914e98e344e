// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "gemba", path: "../.."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(name: "CTextBaseline", linkerSettings: [.linkedLibrary("zstd")]),
        .target(
            name: "CBaseline",
            cSettings: [.define("SQLITE_ENABLE_SESSION"), .define("SQLITE_ENABLE_PREUPDATE_HOOK")],
            linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("zmq"), .linkedLibrary("zstd")]),
        .executableTarget(
            name: "GembaBenchmarks",
            dependencies: [
                "CBaseline", "CTextBaseline", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Gemba", package: "gemba"), .product(name: "GembaCRDT", package: "gemba"),
                .product(name: "GembaGossip", package: "gemba"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
