import Kafka
import Topics

/// Queries Kafka about consumer groups: PUSH, and the groups of services that read their outbox themselves. An answer that takes too long
/// counts as unknown.
struct GroupQuestions: Sendable {
    let topics: TopicNames
    let admin: KafkaAdmin

    /// Timeout of one query.
    private static let maximumWait = Duration.seconds(2)
    /// Maximum number of groups whose offsets are queried.
    private static let limit = 500

    /// The group of PUSH.
    func pushGroup() async -> Result<GroupDescription, KafkaError> {
        let name = topics.group("push")
        return await describe([name])[name] ?? .success(GroupDescription(state: .empty, members: []))
    }

    /// The groups that read these outboxes, by topic.
    /// - Parameters:
    ///   - logs: the offsets in the outboxes.
    ///   - named: the groups to query; empty for all groups.
    func readers(of logs: [TopicPartition: Range<Int64>], named: [String]) async -> [String: TopicReaders] {
        let byTopic = Dictionary(grouping: logs) { $0.key.topic }.mapValues { Dictionary(uniqueKeysWithValues: $0) }
        guard !byTopic.isEmpty else { return [:] }
        do throws(KafkaError) {
            let groups = named.isEmpty ? try await others() : named
            let asked = Array(groups.prefix(GroupQuestions.limit))
            let answers = try await admin.committedOffsets(ofGroups: asked, logs.keys.sorted(), within: GroupQuestions.maximumWait)
            let committed = answers.compactMapValues { try? $0.get() }
            var found = byTopic.mapValues { logs in
                committed.sorted { $0.key < $1.key }.compactMap { group, offsets in
                    TopicReader(group: group, logs: logs, committed: offsets)
                }
            }
            let descriptions = await describe(Set(found.values.joined().map(\.group)).sorted())
            for (topic, readers) in found {
                found[topic] = readers.map { reader in
                    var reader = reader
                    reader.members = (try? descriptions[reader.group]?.get())?.members.count
                    return reader
                }
            }
            return found.mapValues { .known($0, unanswered: groups.count - committed.count) }
        } catch {
            return byTopic.mapValues { _ in .unknown(error.reason) }
        }
    }

    /// Names of the groups that do not belong to this node.
    private func others() async throws(KafkaError) -> [String] {
        let own = Set(["exchange", "matcher", "push", "control"].map(topics.group))
        return try await admin.listGroups(within: GroupQuestions.maximumWait).filter { !own.contains($0) }.sorted()
    }

    private func describe(_ names: [String]) async -> [String: Result<GroupDescription, KafkaError>] {
        do throws(KafkaError) {
            return try await admin.describeGroups(names, within: GroupQuestions.maximumWait)
        } catch {
            return names.reduce(into: [:]) { $0[$1] = .failure(error) }
        }
    }
}
