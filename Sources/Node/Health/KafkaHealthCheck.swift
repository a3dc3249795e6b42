import Directory
import Kafka
import Logging
import OCPI
import ServiceLifecycle
import Telemetry
import Topics

/// Polls Kafka and this node's topics. While Kafka is unavailable the process reports it at `/ready` and refuses requests at once; it
/// recovers by itself.
///
/// The clients reconnect themselves. Deleted topics are created again if that loses nothing else.
final class KafkaHealthCheck: Service {
    private let kafka: KafkaSettings
    private let names: TopicNames
    private let settings: TopicSettings
    private let store: StateStore
    private let health: Health
    private let availability: KafkaAvailability
    private let logger: Logger
    private let failures: ThrottledLog
    private let rights: MissingRights
    private let pause = HintedPause()
    /// The topics that were missing in the last poll.
    private let vanished = AsyncStream<[String]>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Time between polls, normally and while an answer is missing.
    private static let intervals = (usual: Duration.seconds(2), duringOutage: Duration.milliseconds(500))
    /// Timeout of a poll.
    private static let maximumWait = Duration.seconds(1)
    /// Number of consecutive polls without an answer that count as an outage, because a single broker of several may not answer. One is
    /// enough if a producer has lost all brokers.
    private static let misses = 3
    /// Number of consecutive polls that must report a problem of a topic, because the asked broker may just have restarted.
    private static let badPolls = 2

    /// Name of the check at `/ready`.
    static let check = "kafka"
    static let topicsCheck = "topics"
    /// Name of the check for missing rights; it exists only once a right was missing.
    static let rightsCheck = "rights"

    /// - Parameters:
    ///   - kafka: settings of a separate admin client, so that other requests do not delay the polls.
    ///   - availability: receives the results.
    init(
        _ kafka: KafkaSettings, names: TopicNames, settings: TopicSettings, store: StateStore, health: Health,
        availability: KafkaAvailability, logger: Logger
    ) {
        self.kafka = kafka
        self.names = names
        self.settings = settings
        self.store = store
        self.health = health
        self.availability = availability
        rights = kafka.missingRights
        self.logger = logger
        failures = ThrottledLog(logger)
    }

    /// Polls at once, because a producer has lost all its brokers. May be called on any thread.
    func hint() { pause.hint() }

    func run() async throws {
        let admin = try KafkaAdmin(kafka, logger: logger)
        let topics = TopicProvisioner(admin: admin, names: names, settings: settings)
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { await self.poll(admin, topics) }
                // Separate from polling, because it may take long.
                group.addTask { for await missing in self.vanished.stream { await self.recreate(missing, topics) } }
            }
        }
        await admin.close()
    }

    private func poll(_ admin: KafkaAdmin, _ topics: TopicProvisioner) async {
        var misses = 0
        var bad = 0
        var isHinted = false
        var seen: [String: Int] = [:]
        while !Task.isCancelled {
            do throws(KafkaError) {
                let health = try await topics.health(services: services, seen: &seen, within: Self.maximumWait)
                misses = 0
                bad = health.isGood ? 0 : bad + 1
                if bad == 0 || bad >= Self.badPolls { record(health) }
            } catch {
                misses += 1
                if !Task.isCancelled, misses >= Self.misses || isHinted { recordOutage(admin.lastTrouble ?? "\(error)") }
            }
            reportRights()
            isHinted = await pause.wait(for: misses == 0 && bad == 0 ? Self.intervals.usual : Self.intervals.duringOutage)
        }
    }

    private var services: [PartyID] { store.directory.services.map(\.provider) }

    /// Reports the rights that a broker has recently denied to a client of this process.
    private func reportRights() {
        let missing = rights.current
        guard !missing.isEmpty || health.has(Self.rightsCheck) else { return }
        if missing.isEmpty, health.isBad(Self.rightsCheck) { logger.notice("no right is missing any more") }
        health.set(
            Self.rightsCheck, ready: missing.isEmpty, reason: missing.isEmpty ? nil : missing.map(\.description).joined(separator: "; "))
        for right in missing { failures.log(.error, "right \(right)", "\(right). The user is set in kafka.properties") }
    }

    // MARK: Results

    /// - Parameter cause: librdkafka's message.
    private func recordOutage(_ cause: String) {
        let reason = "no broker answers"
        failures.log(.error, "away", "Kafka does not answer; this process refuses requests until it does: \(cause)")
        health.set(Self.check, ready: false, reason: reason)
        availability.began(reason)
    }

    private func record(_ topicHealth: TopicHealth) {
        health.set(Self.check, ready: true)
        if topicHealth.isGood, health.isBad(Self.topicsCheck) { logger.notice("all topics can be used again") }
        health.set(Self.topicsCheck, ready: topicHealth.isGood, reason: topicHealth.isGood ? nil : topicHealth.description)
        if topicHealth.isUnusable([names.requests, names.replies, names.state]) {
            if availability.outage == nil {
                logger.critical("topics cannot be used; this process refuses requests", metadata: ["reason": "\(topicHealth.description)"])
            }
            availability.began(topicHealth.description)
        } else if let outage = availability.outage {
            availability.ended()
            logger.notice("Kafka can be used again", metadata: ["seconds": "\((ContinuousClock.now - outage.since).components.seconds)"])
        }
        if !topicHealth.isGood { failures.log(.error, "topics", topicHealth.description) }
        if !topicHealth.missing.isEmpty { vanished.continuation.yield(topicHealth.missing) }
    }

    private func recreate(_ missing: [String], _ topics: TopicProvisioner) async {
        do {
            for name in try await topics.recreate(missing, services: services) {
                logger.critical("a topic had vanished and was made anew: what stood in it is lost", metadata: ["topic": "\(name)"])
            }
        } catch {
            failures.log(.error, "remake", "\(error)")
        }
        for name in missing where name == names.state || name == names.links {
            failures.log(
                .critical, name,
                "\(name) has vanished. Running processes still have its contents in memory, and lose them when it is created again: restore it, "
                    + "or stop all processes of this node and start them again to begin with nothing")
        }
    }
}
