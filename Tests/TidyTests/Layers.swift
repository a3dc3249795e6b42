/// Which of our modules may import which: the picture of the house as a table.
/// Arrows go down, never sideways, but for the ones named below.
struct Layers {
    /// From the ground up.
    enum Row: Int, Comparable {
        case system, ground, first, second, third, role, node, tool, top

        static func < (left: Row, right: Row) -> Bool { left.rawValue < right.rawValue }
    }

    private static let belowDirectory: Set<String> = ["Topics", "OCPI", "Kafka", "Instruments", "Encoding"]
    private static let directory = belowDirectory.union(["Directory"])
    private static let all = directory.union(
        [
            "Notary", "Inbound", "Outbound", "Registry", "Credentials", "Ingress", "Matcher", "Delivery", "Control", "Telemetry", "Admin",
            "Operations",
        ])

    /// In `Sources/Tools`. No part of a running node imports them.
    private static let tools: Set<String> = ["TestParties", "Testbed", "Demo", "Conformance", "Soak", "Fuzz", "Bench"]

    /// Row and permitted imports of every module. Roles meet only in `Topics`.
    static let table: [String: (row: Row, mayImport: Set<String>)] = [
        "CLibrdkafka": (.system, []),
        "CSecp256k1": (.system, []),
        "CBrotli": (.system, []),
        "CZlib": (.system, []),
        "Encoding": (.ground, ["CZlib"]),
        "Instruments": (.ground, []),
        "Kafka": (.ground, ["CLibrdkafka", "Instruments", "Encoding"]),
        "OCPI": (.first, ["Encoding"]),
        "Notary": (.first, ["Encoding", "CSecp256k1", "CBrotli"]),
        "Outbound": (.second, ["OCPI", "Encoding"]),
        "Inbound": (.second, ["Instruments", "Kafka", "Encoding"]),
        "Topics": (.second, ["OCPI", "Kafka", "Encoding"]),
        "Directory": (.third, belowDirectory),
        "Registry": (.third, directory),
        "Credentials": (.third, directory.union(["Outbound"])),
        "Ingress": (.role, directory.union(["Notary", "Credentials", "Inbound", "Outbound"])),
        "Matcher": (.role, directory.union(["Notary"])),
        "Delivery": (.role, directory.union(["Notary", "Outbound"])),
        "Control": (.role, directory.union(["Notary", "Registry", "Credentials"])),
        // Beside the roles.
        "Telemetry": (.role, ["Encoding", "Instruments"]),
        "Admin": (.role, directory.union(["Credentials"])),
        "Operations": (.role, directory),
        // What puts them together.
        "Node": (.node, all.subtracting(["Operations"])),
        // Tools know a node by its topics and its HTTP, not by its roles.
        "TestParties": (.tool, ["OCPI", "Encoding"]),
        "Testbed": (.tool, directory.union(["TestParties"])),
        "Demo": (.tool, directory.union(["TestParties"])),
        "Bench": (.tool, directory.union(["TestParties", "Testbed"])),
        "Soak": (.tool, directory.union(["TestParties", "Testbed"])),
        "Fuzz": (.tool, directory.union(["Notary", "TestParties", "Testbed"])),
        "Conformance": (.tool, ["TestParties", "OCPI", "Encoding"]),
        "ocn": (.top, all.union(tools).union(["Node"])),
    ]

    /// Arrows within a row.
    static let sideways: Set<[String]> = [
        ["Registry", "Directory"], ["Kafka", "Encoding"], ["Kafka", "Instruments"], ["Credentials", "Directory"],
        ["Bench", "Testbed"], ["Soak", "Testbed"], ["Fuzz", "Testbed"],
        ["Testbed", "TestParties"], ["Demo", "TestParties"], ["Bench", "TestParties"], ["Soak", "TestParties"], ["Fuzz", "TestParties"],
        ["Conformance", "TestParties"],
    ]

    /// Arrows of the manifest that the table does not have, and modules that it does not know.
    static func violations(in manifest: Manifest) -> [String] {
        var violations: [String] = []
        for (module, dependencies) in manifest.modules.sorted(by: { $0.key < $1.key }) {
            guard let entry = table[module] else {
                violations.append("\(module) has no row")
                continue
            }
            for dependency in dependencies.intersection(manifest.ours).subtracting(entry.mayImport).sorted() {
                violations.append("\(module) must not depend on \(dependency)")
            }
        }
        for module in manifest.systemModules.sorted() where table[module]?.row != .system {
            violations.append("\(module) has no row")
        }
        return violations
    }
}
