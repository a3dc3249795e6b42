// swift-tools-version: 6.2
import PackageDescription

/// Every module is compiled the same way: Swift 6, no warnings, `package` access between our modules.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Third-party products, named once.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let hashTrees = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A module and, by its list, exactly what it may import directly (`Tests/TidyTests` compares every `import` with this).
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A module that tries a node out or measures it; a running node holds none of them.
func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Tools/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// What several test targets share.
func support(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

/// Headers of a C library that Debian installs.
func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "ocn-relay",
    products: [.executable(name: "ocn", targets: ["ocn"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["ConfigurationSupport"]),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // system
        system("CLibrdkafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        system("CSecp256k1", pkgConfig: "libsecp256k1", apt: "libsecp256k1-dev"),
        system("CBrotli", pkgConfig: "libbrotlienc", apt: "libbrotli-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        // ground
        module("Encoding", ["CZlib", nioCore]),
        module("Instruments", [metrics]),
        module("Kafka", ["CLibrdkafka", "Instruments", "Encoding", nioCore, logging]),
        // first
        module("OCPI", ["Encoding", nioCore]),
        module("Notary", ["Encoding", "CSecp256k1", "CBrotli", nioCore]),
        // second
        module("Outbound", ["OCPI", "Encoding", httpClient, nioCore, nioPosix, nioHTTP1]),
        module(
            "Inbound",
            ["Instruments", "Kafka", "Encoding", hummingbirdCore, httpTypes, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, logging]),
        module("Topics", ["OCPI", "Kafka", "Encoding", nioCore, collections]),
        // third
        module("Directory", ["Topics", "OCPI", "Kafka", "Instruments", "Encoding", nioCore, logging, crypto, hashTrees, heap]),
        module("Registry", ["Directory", "Topics", "OCPI", "Encoding", logging, yams]),
        module(
            "Credentials", ["Directory", "Outbound", "OCPI", "Encoding", nioCore, nioHTTP1, logging]),
        // roles
        module(
            "Ingress",
            [
                "Credentials", "Directory", "Inbound", "Outbound", "Topics", "OCPI", "Kafka", "Notary", "Instruments", "Encoding",
                hummingbird, httpTypes, nioCore, nioHTTP1, logging, lifecycle, heap,
            ]),
        module("Matcher", ["Directory", "Topics", "OCPI", "Kafka", "Instruments", "Encoding", nioCore, logging, lifecycle, crypto]),
        module(
            "Delivery",
            [
                "Directory", "Outbound", "Topics", "OCPI", "Kafka", "Notary", "Instruments", "Encoding",
                nioCore, nioHTTP1, logging, lifecycle, collections,
            ]),
        module(
            "Control",
            [
                "Credentials", "Directory", "Registry", "Topics", "OCPI", "Kafka", "Instruments", "Encoding", logging, lifecycle,
            ]),
        // beside
        module("Telemetry", ["Encoding", "Instruments", hummingbird, httpTypes, nioCore, logging, metrics]),
        module("Admin", ["Credentials", "Directory", "OCPI", "Encoding", hummingbird, httpTypes, nioCore, logging]),
        module("Operations", ["Directory", "Topics", "OCPI", "Kafka", "Encoding", nioCore, logging]),
        // a node as a whole
        module(
            "Node",
            [
                "Admin", "Control", "Credentials", "Delivery", "Directory", "Inbound", "Ingress", "Instruments", "Kafka", "Matcher",
                "Notary",
                "OCPI", "Outbound", "Registry", "Telemetry", "Topics", "Encoding",
                yams, hummingbird, httpTypes, nioCore, nioHTTP1, logging, lifecycle,
            ]),
        // tools
        tool("TestParties", ["OCPI", "Encoding", nioCore, nioPosix, nioHTTP1, nioSSL]),
        tool("Testbed", ["TestParties", "Directory", "Topics", "OCPI", "Kafka", nioCore, nioPosix]),
        tool(
            "Demo",
            [
                "TestParties", "Directory", "Topics", "OCPI", "Kafka", "Encoding", nioCore, nioHTTP1, logging, lifecycle,
            ]),
        tool("Soak", ["TestParties", "Testbed", "Directory", "Topics", "OCPI", "Kafka", "Encoding", nioCore, logging]),
        tool(
            "Fuzz", ["TestParties", "Testbed", "Directory", "Notary", "Topics", "OCPI", "Kafka", "Encoding", nioCore, nioPosix, logging]),
        tool("Bench", ["TestParties", "Testbed", "Directory", "OCPI", "Encoding", nioCore, histogram]),
        tool("Conformance", ["TestParties", "OCPI", "Encoding", nioCore, nioHTTP1]),
        // top
        .executableTarget(
            name: "ocn",
            dependencies: [
                "Node", "Bench", "Conformance", "Demo", "Directory", "Encoding", "Fuzz", "Instruments", "Kafka", "Notary", "OCPI",
                "Operations",
                "Registry", "Soak", "Telemetry", "Testbed", "Topics",
                argumentParser, nioCore, logging, metrics, lifecycle, unixSignals,
            ],
            swiftSettings: settings),
        // tests
        support("Support", ["Kafka", "OCPI", "Topics", nioCore, nioPosix, logging]),
        tests("TidyTests", []),
        tests("EncodingTests", ["Encoding", "Support", nioCore]),
        tests("OCPITests", ["OCPI", "Encoding", "Support", nioCore]),
        tests("NotaryTests", ["Notary", "Encoding", "Support", nioCore]),
        tests("KafkaTests", ["Kafka", "Encoding", "Support", nioCore, logging]),
        tests(
            "ReliabilityTests",
            ["CLibrdkafka", "Directory", "Kafka", "Matcher", "OCPI", "Topics", "Encoding", "Support", nioCore, logging]),
        tests("TopicsTests", ["Topics", "OCPI", "Kafka", "Encoding", "Support", nioCore, logging]),
        tests("DirectoryTests", ["Directory", "Topics", "OCPI", "Kafka", "Encoding", "Support", "Testbed", nioCore, logging, hashTrees]),
        tests("CredentialsTests", ["Credentials", "Directory", "OCPI", "Encoding", nioCore, logging]),
        tests("RegistryTests", ["Registry", "Directory", "Kafka", "OCPI", "Topics", "Support", logging]),
        tests("MatcherTests", ["Matcher", "Directory", "Topics", "OCPI", "Kafka", "Encoding", "Support", nioCore, lifecycle]),
        tests(
            "ControlTests",
            [
                "Control", "Credentials", "Directory", "Registry", "Topics", "OCPI", "Kafka", "Encoding", "Support", nioCore, logging,
                lifecycle,
            ]),
        tests(
            "AdminTests",
            [
                "Admin", "Credentials", "Directory", "OCPI", "Kafka", "Topics", "Encoding", "Support", hummingbird, hummingbirdTesting,
                httpTypes, nioCore,
                logging,
            ]),
        tests("OperationsTests", ["Operations", "Directory", "OCPI", "Kafka", "Topics", "Encoding", "Support", nioCore]),
        tests("TelemetryTests", ["Telemetry", "Encoding", "Instruments", hummingbird, httpTypes, nioCore, logging, metrics]),
        tests("InboundTests", ["Inbound", httpTypes, nioCore, nioEmbedded, nioHTTP1, nioHTTPTypes, logging]),
        tests(
            "IngressTests",
            [
                "Ingress", "Credentials", "Directory", "Inbound", "Outbound", "Topics", "OCPI", "Kafka", "Notary", "Telemetry", "Encoding",
                "Support",
                hummingbird,
                httpTypes, httpClient, nioCore, nioHTTP1, logging, metrics, lifecycle,
            ]),
        tests(
            "DeliveryTests",
            [
                "Delivery", "TestParties", "Credentials", "Directory", "Outbound", "Topics", "OCPI", "Kafka", "Notary", "Telemetry",
                "Encoding",
                "Support",
                nioCore, nioPosix, nioHTTP1, logging, metrics,
            ]),
        tests(
            "NodeTests",
            [
                "Node", "Directory", "Inbound", "Instruments", "Kafka", "Notary", "Telemetry", "Testbed", "Topics", "Encoding", "Support",
                httpClient, hummingbird, nioCore, nioPosix, logging, lifecycle,
            ]),
        tests(
            "ConformanceTests",
            [
                "ocn", "Node", "Conformance", "Directory", "Kafka", "Notary", "OCPI", "Telemetry", "Testbed", "Topics", "Encoding",
                "Support",
                logging,
            ]),
        tests("TestPartiesTests", ["TestParties", "OCPI", "Encoding", "Support", nioCore, nioPosix, nioHTTP1]),
        tests("DemoTests", ["Demo", "TestParties", "Directory", "OCPI", "Kafka", "Topics", "Encoding", nioCore, nioHTTP1, logging]),
        tests("SoakTests", ["Soak", "Testbed", "OCPI", "Encoding", nioCore]),
        tests("FuzzTests", ["Fuzz", "Kafka", "Notary", "OCPI", "Topics", "Encoding", nioCore]),
        tests("BenchTests", ["Bench", "TestParties", "OCPI", "Encoding", "Support", nioCore]),
        tests(
            "ScenarioTests",
            [
                "ocn", "Node", "Demo", "TestParties", "Directory", "Inbound", "Instruments", "Kafka", "Notary", "OCPI", "Operations",
                "Registry",
                "Telemetry",
                "Testbed",
                "Topics", "Encoding", "Support", httpClient, nioCore, nioHTTP1, logging, nioPosix, hummingbird, lifecycle,
            ]),
    ]
)
