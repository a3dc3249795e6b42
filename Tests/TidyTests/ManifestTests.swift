import Testing

@Suite struct ManifestTests {
    private let text = """
        let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
        /// A module("Comment", [nowhere]) in a comment.
        func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
            .target(name: name, dependencies: dependencies, swiftSettings: settings)
        }
        let package = Package(
            name: "x", products: [.executable(name: "ocn", targets: ["ocn"])],
            targets: [
                system("CThing", pkgConfig: "thing", apt: "libthing-dev"),
                module("Wire", [nioCore]), // why
                module("Empty"),
                module("Kafka", [
                    "CThing", "Wire",
                    .product(name: "Logging", package: "swift-log"),
                ]),
                .executableTarget(name: "ocn", dependencies: ["Kafka", nioCore], swiftSettings: settings),
                tests("WireTests", ["Wire", nioCore]),
            ])
        """

    @Test func readsModulesAndTheirDependencies() {
        let manifest = Manifest(text)
        #expect(
            manifest.modules == [
                "Wire": ["NIOCore"], "Empty": [], "Kafka": ["CThing", "Wire", "Logging"], "ocn": ["Kafka", "NIOCore"],
            ])
        #expect(manifest.systemModules == ["CThing"])
        #expect(manifest.ours == ["Wire", "Empty", "Kafka", "ocn", "CThing"])
        #expect(manifest.problems == [])
    }

    @Test func namesWhatItDoesNotUnderstand() {
        let manifest = Manifest(#"module("A", [somewhere]), module("A")"#)
        #expect(manifest.problems == ["A: unknown dependency somewhere", "A: declared twice"])
    }

    @Test func findsArrowsThatTheTableDoesNotHave() {
        let manifest = Manifest(
            #"""
            system("CLibrdkafka"), system("COther"), module("Wire"), module("OCPI", ["Wire"]), module("Telemetry", ["Wire"]), module("New"),
            module("Ingress", ["Matcher", "Wire"]), module("Matcher", ["CLibrdkafka"])
            """#)
        #expect(
            Layers.violations(in: manifest) == [
                "Ingress must not depend on Matcher", "Matcher must not depend on CLibrdkafka", "New has no row",
                "Telemetry must not depend on Wire", "COther has no row",
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
