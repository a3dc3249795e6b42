package import Directory
package import Encoding
package import OCPI
package import Topics

/// The store-and-forward rules of a node, as records in `ocn.state` that every INGRESS process applies.
package struct StoreRules: Sendable {
    /// The result of adding or removing a rule, or of a dry run.
    package struct Report: Sendable, Equatable {
        /// The rule.
        package var rule: StoreRule
        /// Whether the rule exists afterwards.
        package var isActive: Bool
        /// Whether that is a change.
        package var hasChanged: Bool
        /// Whether it was a dry run.
        package var isDryRun: Bool
        /// Notes for the operator.
        package var notes: [String]

        /// The JSON output.
        package var json: JSONValue {
            [
                "recipient": .string(rule.recipient.description), "module": .string(rule.module.rawValue),
                "method": .string(rule.method.rawValue), "stored": .bool(isActive), "changed": .bool(hasChanged),
                "dry_run": .bool(isDryRun),
                "notes": .array(notes.map(JSONValue.string)),
            ]
        }

        /// The text output.
        package var description: String {
            let subject = "\(rule.method) of \(rule.module) to \(rule.recipient)"
            guard hasChanged else { return "\(subject) is stored and forwarded already: nothing changes" }
            return switch (isActive, isDryRun) {
            case (true, false): "\(subject) is stored and forwarded from now on"
            case (true, true): "\(subject) would be stored and forwarded from then on"
            case (false, false): "\(subject) is no longer stored"
            case (false, true): "\(subject) would no longer be stored"
            }
        }
    }

    private let topics: TopicNames
    private let store: StateStore
    private let writer: StateWriter

    /// - Parameters:
    ///   - topics: the node's topics.
    ///   - store: this process's follower, started.
    ///   - writer: writes rules.
    package init(topics: TopicNames, store: StateStore, writer: StateWriter) {
        self.topics = topics
        self.store = store
        self.writer = writer
    }

    /// All rules, or those of one recipient, ordered by recipient, module and method.
    package func list(_ recipient: PartyID? = nil) -> [StoreRule] {
        store.directory.storeRules.filter { recipient == nil || $0.recipient == recipient }
    }

    /// Adds a rule. Each INGRESS process applies it once it has read it.
    /// - Throws: ``StoreRuleError`` if `ocn.state` cannot be read to its end, `StateError` if it cannot be written.
    package func add(_ rule: StoreRule, isDryRun: Bool) async throws -> Report {
        try await change(rule, isActive: true, isDryRun: isDryRun, .put(.storeRule(rule)))
    }

    /// Removes a rule. Requests that were already stored are still delivered.
    /// - Throws: as ``add(_:isDryRun:)``; ``StoreRuleError`` also if there is no such rule.
    package func remove(_ rule: StoreRule, isDryRun: Bool) async throws -> Report {
        let report = try await change(rule, isActive: false, isDryRun: isDryRun, .delete(key: FactKey.storeRule(rule)))
        guard report.hasChanged else {
            let others = list(rule.recipient).map { "\($0.method) of \($0.module)" }
            throw StoreRuleError(
                "there is no rule for \(rule.method) of \(rule.module) to \(rule.recipient); nothing was changed. "
                    + (others.isEmpty ? "Nothing is stored for \(rule.recipient)." : "Stored for it: \(others.joined(separator: ", "))."))
        }
        return report
    }

    private func change(_ rule: StoreRule, isActive: Bool, isDryRun: Bool, _ change: FactChange) async throws -> Report {
        guard await store.catchUp(timeout: .seconds(10)) else {
            throw StoreRuleError("\(topics.state) could not be read to its end within 10 s; nothing was changed. Is Kafka overloaded?")
        }
        let directory = store.directory
        let hasChanged = directory.isStored(to: rule.recipient, module: rule.module, method: rule.method) != isActive
        if hasChanged, !isDryRun { try await writer.write([change]) }
        let notes = isActive ? StoreRules.notes(on: rule, in: directory) : []
        return Report(rule: rule, isActive: isActive, hasChanged: hasChanged, isDryRun: isDryRun, notes: notes)
    }

    /// Notes why a rule may have no or unexpected effects.
    static func notes(on rule: StoreRule, in directory: Directory) -> [String] {
        let recipient = rule.recipient
        var notes: [String] = []
        if let platform = directory.platform(of: recipient) {
            if directory.endpoint(of: platform.id, rule.module, .receiver) == nil {
                notes.append("\(recipient) has no receiver interface of \(rule.module): requests are refused as before")
            }
        } else if directory.networkParty(recipient) == nil {
            notes.append("\(recipient) is not on the network: the rule waits until it is connected to this node")
        } else {
            notes.append("\(recipient) is not connected to this node: the rule has effect only while it is")
        }
        let route = ModuleRoute(version: .v2_2_1, module: rule.module, interface: .receiver, remainder: "CC/PID/ID")
        let direct = ModuleTable.methods(route).filter { method in
            method != rule.method && !method.isRead && !directory.isStored(to: recipient, module: rule.module, method: method)
        }
        if !direct.isEmpty {
            let methods = direct.map(\.rawValue).joined(separator: " and ")
            notes.append("\(methods) of \(rule.module) goes straight to \(recipient) and may overtake a \(rule.method) that waits")
        }
        return notes
    }
}
