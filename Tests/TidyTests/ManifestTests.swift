import Testing

@Suite struct ManifestTests {
    private let text = #"""
        let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
        /// A module("Comment", [nowhere]) in a comment.
        func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
            .target(name: name, dependencies: dependencies, swiftSettings: settings)
        }
        func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
            .target(name: name, dependencies: dependencies, path: "Sources/Tools/\(name)", swiftSettings: settings)
        }
        let package = Package(
            name: "x", products: [.executable(name: "ocn", targets: ["ocn"])],
            targets: [
                system("CThing", pkgConfig: "thing", apt: "libthing-dev"),
                module("Encoding", [nioCore]), // why
                module("Empty"),
                module("Kafka", [
                    "CThing", "Encoding",
                    .product(name: "Logging", package: "swift-log"),
                ]),
                tool("Soak", ["Kafka"]),
                .executableTarget(name: "ocn", dependencies: ["Kafka", nioCore], swiftSettings: settings),
                tests("EncodingTests", ["Encoding", nioCore]),
            ])
        """#

    @Test func readsModulesAndTheirDependencies() {
        let manifest = Manifest(text)
        #expect(
            manifest.modules == [
                "Encoding": ["NIOCore"], "Empty": [], "Kafka": ["CThing", "Encoding", "Logging"], "Soak": ["Kafka"],
                "ocn": ["Kafka", "NIOCore"],
            ])
        #expect(manifest.systemModules == ["CThing"])
        #expect(manifest.ours == ["Encoding", "Empty", "Kafka", "Soak", "ocn", "CThing"])
        #expect(manifest.problems == [])
    }

    @Test func namesWhatItDoesNotUnderstand() {
        let manifest = Manifest(#"module("A", [somewhere]), module("A")"#)
        #expect(manifest.problems == ["A: unknown dependency somewhere", "A: declared twice"])
    }

    @Test func findsArrowsThatTheTableDoesNotHave() {
        let manifest = Manifest(
            #"""
            system("CLibrdkafka"), system("COther"), module("Encoding"), module("OCPI", ["Encoding"]), module("Telemetry", ["OCPI"]),
            module("New"), module("Ingress", ["Matcher", "Encoding"]), module("Matcher", ["CLibrdkafka"])
            """#)
        #expect(
            Layers.violations(in: manifest) == [
                "Ingress must not depend on Matcher", "Matcher must not depend on CLibrdkafka", "New has no row",
                "Telemetry must not depend on OCPI", "COther has no row",
            ])
    }

    @Test func everyArrowOfTheTableGoesDown() throws {
        for (module, entry) in Layers.table {
            for target in entry.mayImport where !Layers.sideways.contains([module, target]) {
                let row = try #require(Layers.table[target]?.row, "\(target) is unknown")
                #expect(row < entry.row, "\(module) -> \(target)")
            }
        }
        let roles = Layers.table.filter { $0.value.row == .role }
        for (name, role) in roles { #expect(role.mayImport.isDisjoint(with: roles.keys), "\(name) imports a role") }
    }
}
