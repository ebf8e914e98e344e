// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "gemba", path: "../.."),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .target(name: "CTextBaseline", linkerSettings: [.linkedLibrary("zstd")]),
        .executableTarget(
            name: "GembaBenchmarks",
            dependencies: [
                "CTextBaseline", .product(name: "GembaCRDT", package: "gemba"),
                .product(name: "Gemba", package: "gemba"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
