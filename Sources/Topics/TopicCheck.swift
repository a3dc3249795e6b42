package import Kafka

/// The differences between existing topics and this node's configuration.
package struct TopicCheck: Sendable, Equatable {
    /// Differences that would lose data or prevent operation: the node must not start. Each names topic and setting.
    package private(set) var defects: [String] = []
    /// Other differences from the configuration, one text for all topics that differ in the same way.
    package var warnings: [String] {
        deviations.map { deviation in
            let others = deviation.topics.count > 5 ? " and \(deviation.topics.count - 5) more topics" : ""
            let names = deviation.topics.prefix(5).joined(separator: ", ") + others
            let change = deviation.change.map { ". " + Self.change(deviation.topics.count == 1 ? deviation.topics[0] : "TOPIC", $0) } ?? ""
            return "\(names): \(deviation.what)\(change)"
        }
    }

    private struct Deviation: Equatable {
        let what: String
        /// The setting that would remove the difference, if there is one.
        let change: String?
        var topics: [String]
    }
    private var deviations: [Deviation] = []
    private let names: TopicNames

    /// A check without topics.
    package init(_ names: TopicNames) {
        self.names = names
    }

    /// Checks one topic.
    /// - Parameters:
    ///   - existing: the topic as Kafka describes it. An embedded cluster has no settings, so only partitions are checked there.
    ///   - wanted: the topic as this node would have created it.
    package mutating func add(_ existing: TopicDescription, wanted: NewTopic) {
        partitions(existing, wanted)
        guard !existing.config.isEmpty else { return }
        retention(existing, wanted)
        durability(existing, wanted)
    }

    private mutating func partitions(_ existing: TopicDescription, _ wanted: NewTopic) {
        let found = existing.partitions
        if [names.state, names.links, names.control].contains(wanted.name) {
            if found != 1 { defects.append("\(wanted.name) has \(Self.count(found, "partition")) and must have exactly 1") }
        } else if found < wanted.partitions {
            deviates(
                wanted,
                "\(Self.count(found, "partition")), but \(setting(of: wanted.name)) is \(wanted.partitions): at most \(found) "
                    + "workers share the work. Lower the setting, or add partitions with kafka-topics.sh --alter: that moves keys, so do it "
                    + "while nothing waits")
        }
    }

    private mutating func retention(_ existing: TopicDescription, _ wanted: NewTopic) {
        if let policy = wanted.config["cleanup.policy"], let found = existing.config["cleanup.policy"],
            policy.split(separator: ",").sorted() != found.split(separator: ",").sorted()
        {
            lacks(wanted, "cleanup.policy=\(found) and must have cleanup.policy=\(policy)", "cleanup.policy=[\(policy)]")
        }
        // -1 is no limit, which is always enough.
        for name in ["retention.ms", "retention.bytes"] {
            guard let least = wanted.number(name), let found = existing.number(name), found >= 0, least < 0 || found < least else {
                continue
            }
            lacks(wanted, "\(name)=\(found) and would lose data: it must be \(least < 0 ? "-1" : "at least \(least)")", "\(name)=\(least)")
        }
        if let least = wanted.number("max.message.bytes"), let found = existing.number("max.message.bytes"), found < least {
            lacks(wanted, "max.message.bytes=\(found) and must allow at least \(least)", "max.message.bytes=\(least)")
        }
    }

    private mutating func durability(_ existing: TopicDescription, _ wanted: NewTopic) {
        let copies = existing.replication
        if copies > 0, copies < wanted.replication {
            deviates(
                wanted,
                "\(Self.count(copies, "replica")), but kafka.replication is \(wanted.replication). Add replicas with "
                    + "kafka-reassign-partitions.sh, or lower the setting")
        }
        if let least = wanted.number("min.insync.replicas"), let found = existing.number("min.insync.replicas") {
            if copies > 0, found > copies {
                lacks(
                    wanted, "min.insync.replicas=\(found) and only \(Self.count(copies, "replica")): Kafka accepts no record for it",
                    "min.insync.replicas=\(min(Int64(copies), least))")
            } else if found < least {
                deviates(
                    wanted,
                    "min.insync.replicas=\(found), but with kafka.replication \(wanted.replication) it should be \(least): "
                        + "success is reported before that many brokers have a record", "min.insync.replicas=\(least)")
            }
        }
        for (name, consequence) in [
            ("unclean.leader.election.enable", "records that were acknowledged can be lost"),
            ("message.timestamp.type", "the clocks of processes cannot be compared"),
        ] {
            guard let value = wanted.config[name], let found = existing.config[name], found != value else { continue }
            deviates(wanted, "\(name)=\(found): \(consequence)", "\(name)=\(value)")
        }
    }

    private mutating func lacks(_ wanted: NewTopic, _ what: String, _ change: String) {
        defects.append("\(wanted.name) has \(what). \(Self.change(wanted.name, change))")
    }

    private mutating func deviates(_ wanted: NewTopic, _ what: String, _ change: String? = nil) {
        if let index = deviations.firstIndex(where: { $0.what == what && $0.change == change }) {
            deviations[index].topics.append(wanted.name)
        } else {
            deviations.append(Deviation(what: what, change: change, topics: [wanted.name]))
        }
    }

    private static func change(_ topic: String, _ setting: String) -> String {
        "Change it with: kafka-configs.sh --alter --topic \(topic) --add-config \(setting)"
    }

    private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

    /// The setting for the number of partitions of a topic.
    private func setting(of topic: String) -> String {
        switch topic {
        case names.requests: "kafka.request_partitions"
        case names.replies: "kafka.reply_partitions"
        default: "kafka.outbox_partitions"
        }
    }
}

extension NewTopic {
    fileprivate func number(_ setting: String) -> Int64? { config[setting].flatMap { Int64($0) } }
}

extension TopicDescription {
    fileprivate func number(_ setting: String) -> Int64? { config[setting].flatMap { Int64($0) } }
}
