package import Encoding
package import Kafka
package import Logging
package import OCPI
package import Topics

/// Makes hub URLs and finds what they stand for.
///
/// Most carry their meaning themselves, sealed: nothing is stored, they survive restarts and work more than once. The rest is looked
/// up in `ocn.links`, which this process follows. Thread-safe.
package final class Capabilities: Sendable {
    private let secrets: NodeSecrets
    private let producer: Producer
    private let topics: TopicNames
    private let links: LinkTable
    private let follower: TopicFollower
    private let log: ThrottledLog
    /// Which party an object belongs to, from the same topic.
    package let objects: ObjectParties

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - reader: reads `ocn.links` beside other topics, started and stopped by its owner; nil for one of its own.
    ///   - secrets: seals.
    ///   - producer: sends link records.
    ///   - topics: the node's topics.
    ///   - logger: where trouble is told.
    ///   - maxLinks: most links kept in memory, each 512 bytes of their URLs counted as one; beyond it whoever has the most loses those that
    ///     expire first, and they are counted.
    ///   - maxLinksPerParty: likewise, most links of each kind that the requests of one party may have made necessary and that have not expired.
    package init(
        kafka: KafkaSettings, reader: FollowerReader? = nil, secrets: NodeSecrets, producer: Producer, topics: TopicNames, logger: Logger,
        maxLinks: Int = 1_000_000, maxLinksPerParty: Int = Capabilities.maxLinksPerParty
    ) {
        self.secrets = secrets
        self.producer = producer
        self.topics = topics
        log = ThrottledLog(logger)
        let links = LinkTable(maxLinks: maxLinks, maxPerParty: maxLinksPerParty)
        self.links = links
        let objects = ObjectParties(topics: topics) { record in producer.send(record) { _ in } }
        self.objects = objects
        let reading = reader ?? FollowerReader(kafka: kafka, topics: [topics.links], logger: logger)
        follower = TopicFollower(reading, topic: topics.links, ownsReader: reader == nil) { step in
            switch step {
            case .records(let records, _):
                links.apply(records.filter { !$0.isAboutObject })
                objects.apply(records.filter(\.isAboutObject))
            case .end:
                links.complete()
                objects.complete()
            case .restarted:
                links.restart()
                objects.restart()
            }
        }
    }

    /// Links of one party and kind, unless the operator says otherwise.
    package static let maxLinksPerParty = 50_000

    /// Starts following `ocn.links`.
    package func start() async throws(KafkaError) { try await follower.start() }

    /// Stops following.
    package func stop() async { await follower.stop() }

    /// Waits until `ocn.links` was read to its end once.
    package func ready(timeout: Duration) async -> Bool { await follower.ready(timeout: timeout) }

    /// The capability as a token for a URL: base64url, unguessable, good without any store.
    /// - Parameter maxLength: characters that are left in the URL; nil is returned if the token would be longer.
    package func seal(_ capability: Capability, maxLength: Int) -> String? {
        guard let token = secrets.sealBytes(capability.sealedForm, for: .url), token.utf8.count <= maxLength else { return nil }
        return token
    }

    /// Stores a capability in `ocn.links` under an id from ``newID()``, from ``Capability/handedOutID``, or from another node. Nothing is
    /// written where the same one stands; only what this node has handed out is renewed, when half of its life is over.
    /// - Parameter report: called once, after all in-sync replicas have it; on the producer's thread, must not block. Before this returns if
    ///   nothing is written: the party has as many as it may, or it stands already.
    package func publish(_ capability: Capability, id: String, report: @escaping @Sendable (Result<Void, LinkError>) -> Void) {
        do throws(LinkError) {
            guard try links.reserve(id, capability) else { return report(.success(())) }
        } catch {
            if case .quota(let party, let limit) = error {
                log.log(
                    .warning, "links of \(party)",
                    "a party has as many hub URLs of a kind as it may: its requests that need one are refused",
                    metadata: [
                        "party": "\(party)", "kind": "\(capability.kind)", "limit": "\(limit)", "setting": "hub.links_per_party",
                    ])
            }
            return report(.failure(error))
        }
        producer.send(record(capability, id: id)) { [links] result in
            // Once it is read back its place is its own; what Kafka may have taken all the same counts then.
            if case .failure = result { links.giveBack(id) }
            report(result.map { _ in () }.mapError(LinkError.kafka))
        }
    }

    /// As ``publish(_:id:report:)``.
    package func publish(_ capability: Capability, id: String) async throws(LinkError) {
        let result = await withCheckedContinuation { continuation in
            publish(capability, id: id) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Deletes the stored links of parties that have gone, their own and those that were made for them. Sealed ones end with their time.
    /// - Returns: how many there were.
    package func forget(_ parties: Set<PartyID>) async throws(KafkaError) -> Int {
        let ids = links.ids(of: parties)
        try await producer.send(
            ids.lazy.map { [topics] in OutgoingRecord(topic: topics.links, partition: 0, key: $0, value: nil, headers: RecordHeaders()) })
        return ids.count
    }

    /// What a token from a URL stands for; nil if it is unknown, altered or expired.
    ///
    /// An id that this process has not heard of may have been written a moment ago by another one: then `ocn.links` is read to its
    /// end first.
    package func resolve(_ token: String, now: Timestamp = .now) async -> Capability? {
        if let capability = known(token, now: now) { return capability }
        guard token.utf8.count <= 64, await follower.catchUp(timeout: .milliseconds(250)) else { return nil }
        return known(token, now: now)
    }

    private func known(_ token: String, now: Timestamp) -> Capability? {
        let found = secrets.openBytes(token, for: .url).flatMap(Capability.init(sealedForm:)) ?? links[token]
        guard let found, found.expires > now else { return nil }
        return found
    }

    /// A fresh id: 128 random bits, 22 characters.
    package static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64.encodeURL((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    private func record(_ capability: Capability, id: String) -> OutgoingRecord {
        OutgoingRecord(topic: topics.links, partition: 0, key: id, value: capability.json.encoded(), headers: RecordHeaders())
    }
}

extension IncomingRecord {
    fileprivate var isAboutObject: Bool { key?.hasPrefix(ObjectName.prefix) == true }
}
