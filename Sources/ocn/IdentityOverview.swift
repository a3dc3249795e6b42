import Directory
import Encoding
import Node
import Notary
import OCPI

/// A node's identity and processes, as text and JSON.
struct IdentityOverview {
    /// How the node's secret relates to a configuration.
    enum Secret: String {
        case current, previous, unknown
    }

    let identity: NodeIdentity?
    let isSameKey: Bool
    let secret: Secret
    /// The running processes, by name.
    let processes: [ProcessReport]
    private let now: Timestamp

    init(_ directory: Directory, _ configuration: NodeConfiguration, now: Timestamp) {
        let known = directory.identity
        identity = known
        let fingerprints = configuration.secrets.fingerprints(known?.operatorAddress ?? "")
        isSameKey = known?.operatorAddress == configuration.key.address.hex
        switch fingerprints.firstIndex(where: { $0 == known?.secret }) {
        case 0?: secret = .current
        case _?: secret = .previous
        case nil: secret = .unknown
        }
        processes = directory.processes.filter { $0.isAlive(now: now) }
        self.now = now
    }

    var json: JSONValue {
        .object([
            "operator": identity.map { .string($0.operatorAddress) }, "same_key": identity.map { _ in .bool(isSameKey) },
            "secret": identity.map { _ in .string(secret.rawValue) },
            "processes": .array(
                processes.map { process in
                    .object([
                        "instance": .string(process.instance), "roles": .array(process.roles.map(JSONValue.string)),
                        "seen": .string(process.seen.description),
                        "clock_offset_ms": process.clockOffset.map(JSONValue.int),
                        "settings": .object(
                            process.settings.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .string($0.value)) }),
                    ])
                }),
        ])
    }

    var lines: [String] {
        guard let identity else { return ["No process of this node has ever started: there is no identity yet."] }
        let secret =
            switch self.secret {
            case .current: "this configuration's node.secret"
            case .previous: "one of this configuration's node.previous_secrets"
            case .unknown: "none that this configuration has: its processes would refuse to start"
            }
        let key = isSameKey ? "this configuration's node.key" : "not this configuration's node.key: its processes would refuse to start"
        let head = TextTable.lines([["key", "\(OperatorText.printable(identity.operatorAddress)), \(key)"], ["secret", secret]])
        guard !processes.isEmpty else { return head + ["No process runs."] }
        let rows = processes.map { process in
            [
                OperatorText.printable(process.instance), OperatorText.printable(process.roles.joined(separator: ",")),
                OperatorText.age(milliseconds: now.milliseconds - process.seen.milliseconds) + " ago",
                process.clockOffset.map { "\($0 >= 0 ? "+" : "")\($0) ms" } ?? "-",
            ]
        }
        return head + TextTable.lines([["PROCESS", "ROLES", "SEEN", "CLOCK"]] + rows) + differences
    }

    /// Settings that differ between processes.
    private var differences: [String] {
        Set(processes.flatMap(\.settings.keys)).sorted().compactMap { key in
            let values = Dictionary(grouping: processes.filter { $0.settings[key] != nil }) { $0.settings[key] ?? "" }
            guard values.count > 1 else { return nil }
            let text = values.sorted { $0.key < $1.key }.map { "\($0.key) at \($0.value.map(\.instance).joined(separator: ", "))" }
            return OperatorText.printable("\(key) differs: \(text.joined(separator: "; "))")
        }
    }
}
