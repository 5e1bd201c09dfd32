// swift-tools-version: 6.2
import PackageDescription

// The direction of every import is in Sources/ARCHITECTURE.md and held by Tests/ArchitectureTests.
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "waybill",
    products: [
        .executable(name: "waybill", targets: ["waybill"]),
        .executable(name: "waybill-simulate", targets: ["waybill-simulate"]),
        .library(name: "WaybillAgent", targets: ["WaybillAgent"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // C libraries: a module map and a shim each, found by pkg-config, installed by deploy/install.
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        // Of the C library itself: what the module Glibc leaves out.
        .systemLibrary(name: "CMalloc"),

        // The pure targets: values in, values out.
        .target(name: "Values", dependencies: ["CPCRE2", collections]),
        .target(name: "Expressions", dependencies: ["Values", collections]),
        .target(name: "Decisions", dependencies: ["Values", "Expressions", "ProcessEngine", collections]),
        .target(name: "ProcessEngine", dependencies: ["Values", "Expressions", collections]),
        .target(name: "Contracts", dependencies: ["Values", "Expressions", "ProcessEngine", collections]),
        .target(
            name: "WorkflowTesting",
            dependencies: ["Values", "Expressions", "Decisions", "ProcessEngine", "Contracts", collections]),
        .target(name: "Delivery", dependencies: ["Values", "ProcessEngine", collections]),
        .target(name: "Staging", dependencies: ["Values", "Contracts", collections]),

        // The shell: ports and services.
        .target(
            name: "Services",
            dependencies: [
                "Values", "Expressions", "Decisions", "ProcessEngine", "Contracts", "Delivery", "Staging", collections,
                logging, lifecycle,
            ]),

        // Adapters: each the sole importer of its library.
        .target(name: "XMLReader", dependencies: ["Values", "CLibXML2"]),
        .target(name: "YAMLReader", dependencies: ["Values", "Contracts", .product(name: "Yams", package: "Yams")]),
        .target(
            name: "SQLiteStore",
            dependencies: [
                "Values", "ProcessEngine", "Delivery", "Contracts", "Staging", "Services",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .target(
            name: "PostgresStore",
            dependencies: ["Values", "ProcessEngine", "Delivery", "Contracts", "Staging", "Services", "CPostgres"]),
        .target(
            name: "RabbitMQBus", dependencies: ["Values", "Delivery", "Services", "CRabbitMQ", collections, logging]),
        .target(
            name: "WebServer",
            dependencies: [
                "Values", "Decisions", "ProcessEngine", "Delivery", "Contracts", "Staging", "Services", collections,
                logging,
                lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),

        .target(
            name: "JSONWebTokens",
            dependencies: ["Values", "Services", logging, .product(name: "JWTKit", package: "jwt-kit")]),

        .target(
            name: "CamundaClient",
            dependencies: [
                "Values", "ProcessEngine", "Contracts", "Delivery", "Services", collections, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),

        // What others build on, and the program.
        .target(
            name: "WaybillAgent",
            dependencies: [
                "Values", "ProcessEngine", "Contracts", "Delivery", "Services", "RabbitMQBus", logging, lifecycle,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "ServicesTesting",
            dependencies: ["Values", "ProcessEngine", "Contracts", "Delivery", "Staging", "Services", logging]),
        // Random models and hostile inputs: for tests, and for the fuzzer.
        .target(
            name: "Fuzzing",
            dependencies: [
                "Values", "Expressions", "Decisions", "ProcessEngine", "Contracts", "Delivery", "WorkflowTesting",
                "XMLReader", "YAMLReader",
            ]),
        .executableTarget(name: "waybill-fuzz", dependencies: ["Fuzzing"]),
        // Worlds of one thread and one seed, in which everything goes wrong; and a program that is nothing else, so that a build
        // for speed is short.
        .target(
            name: "Simulator",
            dependencies: [
                "Values", "ProcessEngine", "Contracts", "Delivery", "Services", "ServicesTesting", "Fuzzing",
                "XMLReader", collections, logging,
            ]),
        .executableTarget(name: "waybill-simulate", dependencies: ["Simulator"]),
        .target(
            name: "WebServerTesting",
            dependencies: [
                "Values", "ProcessEngine", "Contracts", "Delivery", "Staging", "Services", "ServicesTesting",
                "XMLReader",
                "YAMLReader", "WebServer", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "waybill",
            dependencies: [
                "Values", "Expressions", "Decisions", "ProcessEngine", "Contracts", "Delivery", "Staging", "Services",
                "WorkflowTesting", "XMLReader",
                "YAMLReader",
                "SQLiteStore", "PostgresStore", "RabbitMQBus", "CamundaClient", "WebServer", "WaybillAgent",
                "JSONWebTokens", "Simulator", "CMalloc", logging,
                lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]),

        // The example's agent in Swift: it uses the agent library as anybody would.
        .executableTarget(
            name: "media-fixity-agent",
            dependencies: ["WaybillAgent", .product(name: "Crypto", package: "swift-crypto")],
            path: "contracts/examples/media-ingest/agents/fixity-swift"),

        .testTarget(name: "ValuesTests", dependencies: ["Values"]),
        .testTarget(name: "ExpressionsTests", dependencies: ["Expressions", "Values"]),
        .testTarget(name: "DecisionsTests", dependencies: ["Decisions", "Expressions", "XMLReader", "Values"]),
        .testTarget(
            name: "ProcessEngineTests",
            dependencies: ["ProcessEngine", "Expressions", "Fuzzing", "XMLReader", "Values"]),
        .testTarget(
            name: "ContractsTests",
            dependencies: ["Contracts", "ProcessEngine", "Staging", "XMLReader", "YAMLReader", "Values"]),
        .testTarget(
            name: "WorkflowTestingTests",
            dependencies: [
                "WorkflowTesting", "Decisions", "Contracts", "ProcessEngine", "XMLReader", "YAMLReader", "Values",
            ]),
        .testTarget(name: "DeliveryTests", dependencies: ["Delivery", "ProcessEngine", "Values"]),
        .testTarget(
            name: "ServicesTests",
            dependencies: [
                "Services", "ServicesTesting", "SQLiteStore", "Fuzzing", "XMLReader", "YAMLReader", "Contracts",
                "Decisions",
                "Delivery",
                "ProcessEngine", "Staging", "Values", collections, logging,
            ]),
        .testTarget(name: "SimulatorTests", dependencies: ["Simulator", collections], exclude: ["Regressions"]),
        .testTarget(
            name: "PostgresStoreTests",
            dependencies: [
                "PostgresStore", "ServicesTesting", "Services", "XMLReader", "YAMLReader", "Contracts", "Delivery",
                "ProcessEngine", "Values", logging,
            ]),
        .testTarget(
            name: "CamundaClientTests",
            dependencies: [
                "CamundaClient", "WebServerTesting", "ServicesTesting", "Services", "Staging", "Delivery",
                "ProcessEngine", "Contracts", "YAMLReader", "Values",
                logging,
            ]),
        .testTarget(
            name: "WebServerTests",
            dependencies: [
                "WebServer", "WebServerTesting", "ServicesTesting", "Services", "Staging", "ProcessEngine", "Contracts",
                "YAMLReader", "Values", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        .testTarget(
            name: "JSONWebTokensTests",
            dependencies: [
                "JSONWebTokens", "WebServerTesting", "Services", "Values", logging,
                .product(name: "JWTKit", package: "jwt-kit"),
            ]),
        .testTarget(
            name: "RabbitMQBusTests",
            dependencies: ["RabbitMQBus", "ServicesTesting", "Services", "Delivery", "Values"]),
        .testTarget(
            name: "WaybillAgentTests",
            dependencies: [
                "waybill", "WaybillAgent", "ServicesTesting", "Services", "Delivery", "ProcessEngine", "Values",
                logging, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "waybill", "Values", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ], exclude: ["Fixtures"]),
        .testTarget(name: "ArchitectureTests"),
    ]
)

// Applied once to every target of ours: existentials are visible in the code, an import is only what a file names, and
// what one file imports does not leak into the next. Warnings are errors in deploy/test alone, so that a newer compiler
// with a new warning still builds a clone.
let strict: [SwiftSetting] = Context.environment["WAYBILL_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
for target in package.targets where target.type != .system {
    target.swiftSettings =
        strict + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
        ]
}
