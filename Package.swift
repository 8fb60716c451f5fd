// swift-tools-version: 6.2
import PackageDescription

// In CI a warning is an error, in our targets only.
let isCI = Context.environment["CI"] == "true"
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (isCI ? [.treatAllWarnings(as: .error)] : [])

let rooms: [Target.Dependency] = ["Support", "Workflow", "RabbitMQ", "Spool", "Clients"]
let engine: [Target.Dependency] = rooms + ["BuildWorker"]

let package = Package(
    name: "build-worker",
    products: [
        .executable(name: "worker", targets: ["worker"]),
        .executable(name: "cluster-simulator", targets: ["ClusterSimulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        .target(
            name: "CRabbitMQ",
            cSettings: isCI ? [.treatAllWarnings(as: .error)] : [],
            linkerSettings: [.linkedLibrary("rabbitmq")]),
        .target(
            name: "CCurl",
            cSettings: isCI ? [.treatAllWarnings(as: .error)] : [],
            linkerSettings: [.linkedLibrary("curl")]),
        // The rooms: each sees only those that it names, so the compiler keeps the arrows pointing down.
        .target(name: "Support", path: "Sources/BuildWorker/Support", swiftSettings: strict),
        .target(
            name: "Workflow", dependencies: ["Support"], path: "Sources/BuildWorker/Workflow", swiftSettings: strict),
        .target(
            name: "RabbitMQ", dependencies: ["CRabbitMQ", "Support"], path: "Sources/BuildWorker/RabbitMQ",
            swiftSettings: strict),
        .target(
            name: "Spool", dependencies: ["Support", "Workflow"], path: "Sources/BuildWorker/Spool",
            swiftSettings: strict),
        .target(
            name: "Clients",
            dependencies: ["CCurl", "Support", "Workflow", "Yams", .product(name: "Logging", package: "swift-log")],
            path: "Sources/BuildWorker/Clients",
            swiftSettings: strict),
        .target(
            name: "BuildWorker",
            dependencies: rooms + [
                "Yams",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/BuildWorker/Engine",
            // The status page, in its parts: inside the program, which needs no file of its own beside it.
            resources: ["page.html", "page.css", "format.js", "table.js", "chart.js", "sections.js", "page.js"].map {
                .embedInCode("Telemetry/StatusPage/\($0)")
            },
            // Messages that crash the worker on purpose, for tests.
            swiftSettings: strict + [.define("TEST_HOOKS", .when(configuration: .debug))]),
        .executableTarget(
            name: "worker",
            dependencies: engine + [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "ClusterSimulator",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/ClusterSimulator",
            swiftSettings: strict),
        // For scripts/bench: the worker's consumer, and nothing behind it.
        .executableTarget(
            name: "settle",
            dependencies: engine + [.product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Settle",
            swiftSettings: strict),
        .testTarget(
            name: "BuildWorkerTests",
            dependencies: engine + [
                "CCurl", "CRabbitMQ", "TestSupport", "Yams", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: strict),
        // Brokers, simulators and programs as processes: for the integration tests and for chaos.
        .target(
            name: "TestSupport",
            dependencies: engine + [
                "Yams", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        // Chaos: what is planned, what is left as evidence, and who judges it. Knows nothing of the worker's code.
        .target(name: "ChaosModel", path: "Tests/ChaosModel", swiftSettings: strict),
        .executableTarget(
            name: "chaos",
            dependencies: engine + [
                "ChaosModel", "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Chaos",
            swiftSettings: strict),
        .executableTarget(
            name: "hostile",
            dependencies: engine + [
                "ChaosModel", "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Hostile",
            swiftSettings: strict),
        .testTarget(name: "ChaosTests", dependencies: ["ChaosModel"], swiftSettings: strict),
        // The executables are run as processes.
        .testTarget(
            name: "IntegrationTests",
            dependencies: engine + [
                "TestSupport", "Yams", "worker", "ClusterSimulator", "hostile",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
