package import Encoding
package import Kafka
package import Logging
package import OCPI
package import Topics

/// Makes hub URLs and resolves them.
///
/// Most contain their target in encrypted form: nothing is stored, they survive restarts and work more than once. The others are looked up
/// in `ocn.links`, which this process follows. Thread-safe.
package final class Capabilities: Sendable {
    private let secrets: NodeSecrets
    private let producer: Producer
    private let topics: TopicNames
    private let links: LinkTable
    private let follower: TopicFollower
    private let log: ThrottledLog
    /// The parties of objects, from the same topic.
    package let objects: ObjectParties

    /// - Parameters:
    ///   - kafka: the cluster's settings.
    ///   - reader: reads `ocn.links` beside other topics, started and stopped by its owner; nil for one of its own.
    ///   - secrets: encrypts the targets.
    ///   - producer: sends link records.
    ///   - topics: the node's topics.
    ///   - logger: receives failures.
    ///   - maxLinks: the most links kept in memory, where each 512 bytes of a URL count as one; above it the account with the most loses
    ///     those that expire first, and they are counted.
    ///   - maxLinksPerParty: the most unexpired links of each kind that were made for the requests of one party, counted in the same way.
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

    /// The default limit of links per party and kind.
    package static let maxLinksPerParty = 50_000

    /// Starts following `ocn.links`.
    package func start() async throws(KafkaError) { try await follower.start() }

    /// Stops following.
    package func stop() async { await follower.stop() }

    /// Waits until `ocn.links` was read to its end once.
    package func ready(timeout: Duration) async -> Bool { await follower.ready(timeout: timeout) }

    /// The capability as a token for a URL: base64url, unguessable, valid without a store.
    /// - Parameter maxLength: the characters that are left in the URL; nil is returned if the token would be longer.
    package func seal(_ capability: Capability, maxLength: Int) -> String? {
        guard let token = secrets.sealBytes(capability.sealedForm, for: .url), token.utf8.count <= maxLength else { return nil }
        return token
    }

    /// Stores a capability in `ocn.links` under an id from ``newID()``, from ``Capability/handedOutID``, or from another node. Nothing is
    /// written if an equal one is stored; only links that this node has handed out are renewed, after half of their lifetime.
    /// - Parameter report: called once, after all in-sync replicas have the record; on the producer's thread, must not block. Called before
    ///   this returns if nothing is written, because the party has reached its limit or the link is stored already.
    package func publish(_ capability: Capability, id: String, report: @escaping @Sendable (Result<Void, LinkError>) -> Void) {
        do throws(LinkError) {
            guard try links.reserve(id, capability) else { return report(.success(())) }
        } catch {
            if case .quota(let party, let limit) = error {
                log.log(
                    .warning, "links of \(party)",
                    "a party has reached its limit of hub URLs of a kind: its requests that need one are refused",
                    metadata: [
                        "party": "\(party)", "kind": "\(capability.kind)", "limit": "\(limit)", "setting": "hub.links_per_party",
                    ])
            }
            return report(.failure(error))
        }
        producer.send(record(capability, id: id)) { [links] result in
            // A link that is read back has its own place; one that Kafka may have stored all the same is counted then.
            if case .failure = result { links.giveBack(id) }
            report(result.map { _ in () }.mapError(LinkError.kafka))
        }
    }

    /// Like ``publish(_:id:report:)``, for async code.
    package func publish(_ capability: Capability, id: String) async throws(LinkError) {
        let result = await withCheckedContinuation { continuation in
            publish(capability, id: id) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Deletes the stored links of removed parties, both their own and those made for them. Encrypted ones remain valid until they expire.
    /// - Returns: the number of deleted links.
    package func forget(_ parties: Set<PartyID>) async throws(KafkaError) -> Int {
        let ids = links.ids(of: parties)
        try await producer.send(
            ids.lazy.map { [topics] in OutgoingRecord(topic: topics.links, partition: 0, key: $0, value: nil, headers: RecordHeaders()) })
        return ids.count
    }

    /// The capability of a token from a URL; nil if it is unknown, altered or expired.
    ///
    /// Another process may just have written an id that this process does not know: so `ocn.links` is first read to its end.
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
