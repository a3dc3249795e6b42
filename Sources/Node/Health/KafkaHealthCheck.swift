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
    /// Topics that were missing at the last look.
    private let vanished = AsyncStream<[String]>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// How often Kafka is asked: while all is well, and while an answer is missing.
    private static let intervals = (usual: Duration.seconds(2), anxious: Duration.milliseconds(500))
    /// How long an answer may take.
    private static let maximumWait = Duration.seconds(1)
    /// Answers in a row that must be missing: one broker of several may be the one that does not answer. Where a producer has lost all of them,
    /// one is enough.
    private static let misses = 3
    /// Looks in a row that must say that something is wrong with a topic: any broker may be asked, also one that has just come back.
    private static let looks = 2

    /// The check's names at `/ready`.
    static let check = "kafka"
    static let topicsCheck = "topics"
    /// Only there once a right was missing.
    static let rightsCheck = "rights"

    /// - Parameters:
    ///   - kafka: for an admin client of its own: other questions would keep it waiting.
    ///   - availability: told what is found out.
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

    /// A producer has lost all its brokers: look now. Any thread.
    func hint() { pause.hint() }

    func run() async throws {
        let admin = try KafkaAdmin(kafka, logger: logger)
        let topics = TopicUpkeep(admin: admin, names: names, settings: settings)
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { await self.look(admin, topics) }
                // Beside the looks: it may take as long as Kafka likes.
                group.addTask { for await missing in self.vanished.stream { await self.remake(missing, topics) } }
            }
        }
        await admin.close()
    }

    private func look(_ admin: KafkaAdmin, _ topics: TopicUpkeep) async {
        var misses = 0
        var bad = 0
        var isHinted = false
        var seen: [String: Int] = [:]
        while !Task.isCancelled {
            do throws(KafkaError) {
                let health = try await topics.health(services: services, seen: &seen, within: Self.maximumWait)
                misses = 0
                bad = health.isGood ? 0 : bad + 1
                if bad == 0 || bad >= Self.looks { found(health) }
            } catch {
                misses += 1
                if !Task.isCancelled, misses >= Self.misses || isHinted { missed(admin.lastTrouble ?? "\(error)") }
            }
            tellRights()
            isHinted = await pause.wait(for: misses == 0 && bad == 0 ? Self.intervals.usual : Self.intervals.anxious)
        }
    }

    private var services: [PartyID] { store.directory.services.map(\.provider) }

    /// What a broker has refused to some client of this process lately.
    private func tellRights() {
        let missing = rights.current
        guard !missing.isEmpty || health.has(Self.rightsCheck) else { return }
        if missing.isEmpty, health.isBad(Self.rightsCheck) { logger.notice("no right is missing any more") }
        health.set(
            Self.rightsCheck, ready: missing.isEmpty, reason: missing.isEmpty ? nil : missing.map(\.description).joined(separator: "; "))
        for right in missing { failures.log(.error, "right \(right)", "\(right). The user is set in kafka.properties") }
    }

    // MARK: What was found out

    /// - Parameter cause: in librdkafka's words.
    private func missed(_ cause: String) {
        let reason = "no broker answers"
        failures.log(.error, "away", "Kafka does not answer; this process refuses requests until it does: \(cause)")
        health.set(Self.check, ready: false, reason: reason)
        availability.began(reason)
    }

    private func found(_ found: TopicHealth) {
        health.set(Self.check, ready: true)
        if found.isGood, health.isBad(Self.topicsCheck) { logger.notice("all topics can be used again") }
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
        if !found.missing.isEmpty { vanished.continuation.yield(found.missing) }
    }

    private func remake(_ missing: [String], _ topics: TopicUpkeep) async {
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
