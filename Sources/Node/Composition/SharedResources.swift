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

/// What to do about missing topics of a node.
enum MissingTopics {
    /// Create them.
    case created
    /// Fail.
    case refused
}

/// The resources that the roles of one process share: the Kafka clients, the state, the HTTP client.
package struct SharedResources {
    package let kafka: KafkaSettings
    package let admin: KafkaAdmin
    let topicProvisioner: TopicProvisioner
    package let producer: Producer
    /// Reads the topics of ``store`` and ``capabilities`` with one client.
    let followers: FollowerReader
    /// The node's shared state, as this process has read it.
    package let store: StateStore
    /// Changes the shared state.
    package let writer: StateWriter
    let capabilities: Capabilities
    /// The platforms that INGRESS and EXCHANGE received requests or answers from.
    let activity = Activity()
    private let connections: OutboundConnections
    let outbound: OutboundClient
    /// A client for calls of which only the status is used.
    let brief: OutboundClient
    /// Called when a producer has lost all its brokers.
    private let trouble: TroubleHook
    /// The name for static group membership; nil if the cluster does not support it or the operator configured none.
    let staticInstance: String?

    /// Connects, checks the topics and reads the shared state to its end. Closes everything if it throws.
    /// - Throws: the reason, as a message for the operator.
    /// - Parameters:
    ///   - missingTopics: what to do about missing topics.
    ///   - availability: receives whether Kafka is available.
    ///   - onFatal: called when a Kafka client has failed for good.
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

    /// Explains a failure where Kafka answers but something that this process needs did not arrive in time.
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
            // A program that only reads must not need write access, which an idempotent producer requires as soon as it is created.
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

    /// Only MATCHER retries its writes without limit; a command would then wait forever. A write to `ocn.state` is repeated by its writer.
    /// A request must not be written after its caller was told that it was not: it would follow the caller's later requests. Half of the
    /// timeout remains for its answer.
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

    /// Sets the closure that is called when a producer has lost all its brokers; it must not block.
    func onTrouble(_ body: @escaping @Sendable () -> Void) { trouble.set(body) }

    /// Stops everything, in the order of dependencies.
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

/// The closure for lost brokers. It is set later, because the clients are created before its user.
private final class TroubleHook: Sendable {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

    func call() { body.withLock { $0 }?() }
}

extension KafkaSettings {
    /// The in-memory cluster answers an empty fetch only after the full wait and notices members slowly; see "The Kafka in memory" in the
    /// page of `Kafka`. What the operator set stays.
    package var tunedForEmbeddedCluster: KafkaSettings {
        var tuned = self
        let embedded = ["session.timeout.ms": "4000", "heartbeat.interval.ms": "300", "fetch.wait.max.ms": "2"]
        tuned.properties.merge(embedded) { own, _ in own }
        tuned.producersMakeTopics = true
        return tuned
    }
}
