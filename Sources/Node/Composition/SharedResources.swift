import Delivery
package import Directory
package import Kafka
package import Logging
import Matcher
import OCPI
import Outbound
import Synchronization
import Telemetry
package import Topics

/// What the roles of one process share: the Kafka clients, the shared memory, the HTTP client.
package struct SharedResources {
    /// How this process reaches Kafka.
    package let kafka: KafkaSettings
    /// Asks Kafka about topics and groups.
    package let admin: KafkaAdmin
    /// Makes and checks the node's topics.
    package let topicProvisioner: TopicProvisioner
    /// Writes records.
    package let producer: Producer
    /// Reads the shared memory for ``store`` and ``capabilities``, on one client.
    let followers: FollowerReader
    /// The node's shared state, as this process has read it.
    package let store: StateStore
    /// Changes the shared state.
    package let writer: StateWriter
    let capabilities: Capabilities
    /// Which platforms were heard of, by INGRESS and EXCHANGE.
    let activity = Activity()
    private let connections: OutboundConnections
    let outbound: OutboundClient
    /// For answers of which only the status counts.
    let brief: OutboundClient
    /// Told when a producer has lost all its brokers.
    private let trouble: TroubleHook
    /// The name for static group membership; nil where the cluster does not support it or the operator gave none.
    let staticInstance: String?

    /// Connects, makes sure of the topics and reads the shared memory to its end. Leaves nothing open when it throws.
    /// - Throws: what is wrong, in words for the operator.
    /// - Parameters:
    ///   - missingTopics: what becomes of topics that are missing.
    ///   - availability: whether Kafka can be used, as far as this process finds out.
    ///   - onFatal: told when a Kafka client can do nothing any more.
    package static func open(
        _ configuration: NodeConfiguration, missingTopics: MissingTopics = .created,
        availability: KafkaAvailability = KafkaAvailability(),
        logger: Logger, onFatal: @escaping @Sendable (KafkaError) -> Void = { _ in }
    ) async throws -> SharedResources {
        do {
            return try await connect(configuration, missingTopics, availability, logger: logger, onFatal: onFatal)
        } catch {
            throw explain(error, configuration)
        }
    }

    /// What to do about it, where Kafka answers and something that this process needs did not come by the time limit.
    static func explain(_ error: any Error, _ configuration: NodeConfiguration) -> any Error {
        guard let failure = error as? KafkaError, failure.mayPass else {
            return RefusedProperties.explain(error, configuration.kafka.properties)
        }
        return ConfigurationError(
            description:
                "Kafka at \(configuration.kafka.bootstrap) answers, but not with what this process needs: \(failure). Are all brokers up? "
                + "Those that lead the topics of kafka.prefix (\(configuration.topics.prefix)) must be: "
                + "kafka-topics.sh --describe --unavailable-partitions")
    }

    private static func connect(
        _ configuration: NodeConfiguration, _ missingTopics: MissingTopics, _ availability: KafkaAvailability, logger: Logger,
        onFatal: @escaping @Sendable (KafkaError) -> Void
    ) async throws -> SharedResources {
        let policy = try AddressPolicy(allowing: configuration.allowNetworks)
        logger.info("connecting to Kafka", metadata: ["bootstrap": "\(configuration.kafka.bootstrap)"])
        let admin = try KafkaAdmin(configuration.kafka, logger: logger)
        do {
            let isEmbedded = try await isEmbedded(admin, configuration)
            if isEmbedded { logger.notice("this Kafka is in memory: it forgets everything when it stops") }
            var kafka = isEmbedded ? configuration.kafka.tunedForEmbeddedCluster : configuration.kafka
            kafka.onFatal = onFatal
            let trouble = TroubleHook()
            kafka.onTrouble = { trouble.call() }
            // Whoever only reads must not need the right to write: an idempotent producer asks for it at once.
            var writing = kafka
            if missingTopics == .refused {
                writing.properties.merge(["enable.idempotence": "false", "max.in.flight.requests.per.connection": "1"]) { _, ours in ours }
            }
            let shared = try SharedResources(
                configuration, kafka, writing, admin, policy, availability, trouble,
                staticInstance: isEmbedded ? nil : configuration.staticInstance,
                logger: logger)
            do {
                try await shared.start(configuration.topics, missingTopics, logger: logger)
            } catch {
                await shared.close()
                throw error
            }
            return shared
        } catch {
            await admin.close()
            throw error
        }
    }

    private init(
        _ configuration: NodeConfiguration, _ kafka: KafkaSettings, _ writing: KafkaSettings, _ admin: KafkaAdmin, _ policy: AddressPolicy,
        _ availability: KafkaAvailability, _ trouble: TroubleHook, staticInstance: String?, logger: Logger
    ) throws {
        self.kafka = kafka
        self.admin = admin
        self.trouble = trouble
        self.staticInstance = staticInstance
        topicProvisioner = TopicProvisioner(admin: admin, names: configuration.topics, settings: configuration.topicSettings)
        producer = try Producer(writing, deliveryTimeout: Self.deliveryTimeout(configuration), logger: logger)
        followers = FollowerReader(kafka: kafka, topics: [configuration.topics.state, configuration.topics.links], logger: logger)
        store = StateStore(followers, topics: configuration.topics, secrets: configuration.secrets, logger: logger)
        writer = StateWriter(producer: producer, topics: configuration.topics, store: store, logger: logger, availability: availability)
        capabilities = Capabilities(
            kafka: kafka, reader: followers, secrets: configuration.secrets, producer: producer, topics: configuration.topics,
            logger: logger, maxLinksPerParty: configuration.linksPerParty)
        // A platform may have several parties at one host.
        connections = OutboundConnections(
            policy: policy, maxCalls: ConnectionPlan.calls(files: OpenFiles.limit), perHost: max(512, configuration.recipientConcurrency))
        outbound = OutboundClient(connections, answerLimit: RecordLimits.answerBody)
        brief = outbound.limited(to: 64 * 1024)
    }

    /// Only MATCHER never gives up what it writes; a command would wait for ever. A write of `ocn.state` is repeated by its writer. A request
    /// must not be written any more when its caller has been told that it was not: it would come after what the caller has sent since. Half of
    /// the time is left for its answer.
    private static func deliveryTimeout(_ configuration: NodeConfiguration) -> @Sendable (_ topic: String) -> DeliveryTimeout {
        let (requests, state) = (configuration.topics.requests, configuration.topics.state)
        let limit = configuration.requestTimeout / 2
        let isMatcher = configuration.roles.contains(.matcher)
        let matcher = MatcherService.deliveryTimeout(configuration.topics)
        return { topic in
            if topic == requests { return .limited(limit) }
            if topic == state { return .limited(StateWriter.maximumWait) }
            return isMatcher ? matcher(topic) : .usual
        }
    }

    private func start(_ topics: TopicNames, _ missingTopics: MissingTopics, logger: Logger) async throws {
        switch missingTopics {
        case .created: for warning in try await topicProvisioner.ensureFixed() { logger.warning("\(warning)") }
        case .refused: try await topicProvisioner.requireFixed()
        }
        try await followers.start()
        try await Self.readToTheEnd(kafka, "\(topics.state) and \(topics.links)") { time in
            async let isStateRead = store.ready(timeout: time)
            async let areLinksRead = capabilities.ready(timeout: time)
            return await (isStateRead, areLinksRead) == (true, true)
        }
    }

    /// Calls `body` when a producer has lost all its brokers; it must not block.
    func onTrouble(_ body: @escaping @Sendable () -> Void) { trouble.set(body) }

    /// Stops everything, what others need last.
    package func close() async {
        await connections.shutdown()
        await followers.stop()
        await capabilities.stop()
        await store.stop()
        await producer.close(flush: .seconds(5))
        await admin.close()
    }

    /// Waits until followers have read everything; at once over if Kafka says that they may not.
    /// - Parameters:
    ///   - topics: what they read, in words.
    ///   - isReady: waits for at most so long.
    package static func readToTheEnd(_ kafka: KafkaSettings, _ topics: String, isReady: (Duration) async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if await isReady(.milliseconds(500)) { return }
            try Task.checkCancellation()
            if let right = kafka.missingRights.current.first { throw ConfigurationError(description: "\(topics) cannot be read: \(right)") }
        }
        throw ConfigurationError(description: "\(topics) could not be read within 60 s; is Kafka overloaded?")
    }

    /// Whether Kafka is the in-memory one.
    /// - Throws: if it does not answer.
    package static func isEmbedded(_ admin: KafkaAdmin, _ configuration: NodeConfiguration) async throws -> Bool {
        do throws(KafkaError) {
            return try await admin.isEmbedded()
        } catch {
            throw ConfigurationError(
                description:
                    "Kafka at \(configuration.kafka.bootstrap) does not answer: \(admin.lastTrouble ?? error.reason). "
                    + "Check kafka.bootstrap and kafka.properties.")
        }
    }
}

/// What is called when a producer has lost all its brokers: the clients are made before whoever wants to know.
private final class TroubleHook: Sendable {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

    func call() { body.withLock { $0 }?() }
}

extension KafkaSettings {
    /// The in-memory cluster answers an empty fetch only after the full wait and notices members slowly; see "The embedded Kafka" in
    /// the README. What the operator set stays.
    package var tunedForEmbeddedCluster: KafkaSettings {
        var tuned = self
        let embedded = ["session.timeout.ms": "4000", "heartbeat.interval.ms": "300", "fetch.wait.max.ms": "2"]
        tuned.properties.merge(embedded) { own, _ in own }
        tuned.producersMakeTopics = true
        return tuned
    }
}
