import Directory
import Kafka
import Logging
import OCPI
import ServiceLifecycle
import Telemetry
import Topics

/// Asks Kafka every now and then whether it is there, with all topics of this node: a process that cannot use it says so at `/ready`, refuses
/// requests at once, and takes part again by itself.
///
/// The clients reconnect by themselves; this only tells. Topics that vanished are made anew where nothing is lost by it.
final class KafkaWatch: Service {
    private let admin: KafkaAdmin
    private let topics: TopicUpkeep
    private let names: TopicNames
    private let store: StateStore
    private let health: Health
    private let availability: KafkaAvailability
    private let logger: Logger
    private let failures: ThrottledLog
    private let rights: MissingRights
    private let pause = HintedPause()

    /// How often Kafka is asked: while all is well, and while an answer is missing.
    private static let intervals = (usual: Duration.seconds(2), anxious: Duration.milliseconds(500))
    /// How long an answer may take.
    private static let patience = Duration.seconds(1)
    /// Answers in a row that must be missing: one broker of several may be the one that does not answer. Where a producer has lost all of them,
    /// one is enough.
    private static let misses = 3

    /// The check's names at `/ready`.
    static let check = "kafka"
    static let topicsCheck = "topics"
    /// Only there once a right was missing.
    static let rightsCheck = "rights"

    /// - Parameters:
    ///   - availability: told what is found out.
    ///   - rights: noted by the clients of this process.
    init(
        _ admin: KafkaAdmin, _ topics: TopicUpkeep, names: TopicNames, store: StateStore, health: Health, availability: KafkaAvailability,
        rights: MissingRights, logger: Logger
    ) {
        self.admin = admin
        self.topics = topics
        self.names = names
        self.store = store
        self.health = health
        self.availability = availability
        self.rights = rights
        self.logger = logger
        failures = ThrottledLog(logger)
    }

    /// A producer has lost all its brokers: look now. Any thread.
    func hint() { pause.hint() }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var misses = 0
            var isHinted = false
            while !Task.isCancelled {
                do throws(KafkaError) {
                    let health = try await topics.health(services: services, within: Self.patience)
                    misses = 0
                    await found(health)
                } catch {
                    misses += 1
                    if !Task.isCancelled, misses >= Self.misses || isHinted { missed(error) }
                }
                tellRights()
                isHinted = await pause.wait(for: misses == 0 ? Self.intervals.usual : Self.intervals.anxious)
            }
        }
    }

    private var services: [PartyID] { store.directory.services.map(\.provider) }

    /// What a broker has refused to some client of this process lately.
    private func tellRights() {
        let missing = rights.current
        guard !missing.isEmpty || health.has(Self.rightsCheck) else { return }
        health.set(
            Self.rightsCheck, ready: missing.isEmpty, reason: missing.isEmpty ? nil : missing.map(\.description).joined(separator: "; "))
        for right in missing { failures.log(.error, "right \(right)", "\(right). The user is set in kafka.properties") }
    }

    // MARK: What was found out

    /// Why, in librdkafka's words.
    private var cause: String? { admin.lastTrouble }

    private func missed(_ error: KafkaError) {
        let reason = "no broker answers"
        failures.log(.error, "away", "Kafka does not answer; this process refuses requests until it does: \(cause ?? "\(error)")")
        health.set(Self.check, ready: false, reason: reason)
        availability.began(reason)
    }

    private func found(_ found: TopicHealth) async {
        health.set(Self.check, ready: true)
        health.set(Self.topicsCheck, ready: found.isGood, reason: found.isGood ? nil : found.description)
        if found.isUnusable([names.requests, names.replies, names.state]) {
            if availability.outage == nil {
                logger.critical("topics cannot be used; this process refuses requests", metadata: ["reason": "\(found.description)"])
            }
            availability.began(found.description)
        } else if let outage = availability.outage {
            availability.ended()
            logger.notice("Kafka can be used again", metadata: ["seconds": "\((ContinuousClock.now - outage.since).components.seconds)"])
        }
        if !found.isGood { failures.log(.error, "topics", found.description) }
        if !found.missing.isEmpty { await remake(found.missing) }
    }

    private func remake(_ missing: [String]) async {
        do {
            for name in try await topics.remake(missing, services: services) {
                logger.critical("a topic had vanished and was made anew: what stood in it is lost", metadata: ["topic": "\(name)"])
            }
        } catch {
            failures.log(.error, "remake", "\(error)")
        }
        for name in missing where name == names.state || name == names.links {
            failures.log(
                .critical, name,
                "\(name) has vanished. Running processes still know what it said, and forget it when it is made anew: restore it, "
                    + "or stop all processes of this node and start them again to begin with nothing")
        }
    }
}
