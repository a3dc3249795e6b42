import Admin
import Control
import Credentials
import Delivery
import Directory
import Hummingbird
import Ingress
import Kafka
package import Logging
import Matcher
import Notary
import OCPI
import Registry
import ServiceLifecycle
import Synchronization
package import Telemetry
import Topics

/// A node, or some of its roles, in this process. It creates and connects all parts:
///
/// 1. open the private listener, so that the start can be observed,
/// 2. connect to Kafka and check the topics,
/// 3. read the shared state (`ocn.state`, `ocn.links`) to its end, and check that this process belongs to the node,
/// 4. run the roles until shutdown; the public listener starts last and stops first, then the roles in parallel.
package struct NodeService: Service {
    let configuration: NodeConfiguration
    let metrics: PrometheusMetrics
    let health: Health
    let logger: Logger
    /// Called once, when every role is ready: listeners are open, groups are joined.
    var onReady: @Sendable () -> Void = {}
    private let availability = KafkaAvailability()

    /// - Parameters:
    ///   - metrics: what `/metrics` shows.
    ///   - onReady: called once, when every role is up.
    package init(
        _ configuration: NodeConfiguration, metrics: PrometheusMetrics, logger: Logger, onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.onReady = onReady
        let readsRegistry = configuration.registryFile != nil && configuration.roles.contains(.control)
        health = Health(expecting: configuration.roles.map(\.rawValue) + (readsRegistry ? [RegistryReloader.check] : []))
    }

    /// Runs the roles until told to stop.
    /// - Throws: what is wrong, in words for the operator.
    package func run() async throws {
        health.set(KafkaHealthCheck.check, ready: false, reason: "connecting")
        let plan = try ConnectionPlan(configuration, files: OpenFiles.limit)
        let listener = PrivateListener(
            .hostname(configuration.privateHost, port: configuration.privatePort), plan.privateLimits, metrics: metrics, health: health,
            logger: label("private"))
        let listening = Listening(
            service: listener, address: "\(configuration.privateHost):\(configuration.privatePort)", settings: "http.private")
        let roles = ClosureService { try await connect(listener, plan) }
        try await group([listening, roles]).run()
    }

    /// Connects, runs the roles, and disconnects.
    private func connect(_ listener: PrivateListener, _ plan: ConnectionPlan) async throws {
        guard let shared = try await open() else { return }
        health.set(KafkaHealthCheck.check, ready: true)
        let result: Result<Void, any Error>
        do { result = .success(try await runRoles(shared, listener, plan)) } catch { result = .failure(error) }
        await shared.close()
        do { try result.get() } catch { throw RefusedProperties.explain(error, configuration.kafka.properties) }
    }

    /// - Returns: nil if this process was stopped meanwhile.
    private func open() async throws -> SharedResources? {
        do {
            return try await cancelWhenGracefulShutdown {
                try await SharedResources.open(configuration, availability: availability, logger: logger) { [health] error in
                    // A supervisor sees the failure at /health and restarts the process.
                    health.fail("Kafka: \(error)")
                }
            }
        } catch {
            if Task.isShuttingDownGracefully || Task.isCancelled { return nil }
            throw error
        }
    }

    private func runRoles(_ shared: SharedResources, _ listener: PrivateListener, _ plan: ConnectionPlan) async throws {
        let consistency = ConsistencyMonitor(configuration.consistency(), facts: .init(shared), health: health, logger: logger)
        do {
            try await cancelWhenGracefulShutdown { try await consistency.join() }
        } catch {
            if Task.isShuttingDownGracefully || Task.isCancelled { return }
            throw error
        }
        listener.serve(adminAPI(shared))
        let roles = configuration.roles
        var workers: [any Service] = []
        if roles.contains(.control) {
            let registry = registryPublisher(shared)
            if let registry { workers.append(RegistryReloader(publisher: registry)) }
            workers.append(control(shared, registry))
        }
        if roles.contains(.push) {
            let push = push(shared)
            workers += [push, watch(.push) { await push.stalls() }]
        }
        if roles.contains(.matcher) {
            let matcher = matcher(shared)
            workers += [matcher, watch(.matcher) { await matcher.stalls() }]
        }
        if roles.contains(.exchange) {
            let exchange = exchange(shared)
            workers += [exchange, watch(.exchange) { await exchange.stalls() }]
        }
        var services: [any Service] = [
            kafkaHealthCheck(shared), consistency,
            ActivityRecorder(shared: shared, stillAlive: configuration.stillAliveInterval, logger: logger),
        ]
        if !workers.isEmpty { services.append(ConcurrentServices(services: workers)) }
        if roles.contains(.ingress) {
            services.append(
                Listening(
                    service: try await ingress(shared, plan), address: "\(configuration.publicHost):\(configuration.publicPort)",
                    settings: "http.public"))
        }
        logger.notice(
            "starting",
            metadata: [
                "roles": "\(NodeRole.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ","))",
                "url": "\(configuration.publicURL)",
                "kafka": "\(configuration.kafka.bootstrap)", "operator": "\(configuration.key.address.hex)",
            ])
        try await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await announceReadiness() }
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await withGracefulShutdownHandler {
                        try await group(services).run()
                    } onGracefulShutdown: {
                        // The process must not get new requests, because the listener closes in a moment.
                        for role in roles { health.set(role.rawValue, ready: false, reason: "stopping") }
                    })
            } catch {
                result = .failure(error)
            }
            tasks.cancelAll()
            return result
        }.get()
    }

    /// - Parameter services: the last one stops first.
    private func group(_ services: [any Service]) -> ServiceGroup {
        ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) }, logger: logger))
    }

    /// Logs once that the last role is ready.
    private func announceReadiness() async {
        guard await health.becomesReady() else { return }
        logger.notice("ready", metadata: ["instance": "\(configuration.instance)"])
        onReady()
    }

    // MARK: Roles

    private func ingress(_ shared: SharedResources, _ plan: ConnectionPlan) async throws -> IngressService {
        let settings = IngressSettings(
            publicURL: configuration.publicURL, host: configuration.publicHost, port: configuration.publicPort, hub: configuration.hub,
            hubName: configuration.hubName, nodeAddress: configuration.key.address.hex, requestTimeout: configuration.requestTimeout,
            connections: plan.publicLimits, replyPartition: configuration.replyPartition,
            replyPartitions: try await shared.topicProvisioner.replyPartitions(),
            listLimit: configuration.listLimit, partialLists: configuration.partialLists, signatures: configuration.signatures,
            tokenOverlap: configuration.tokenOverlap)
        return IngressService(
            settings, kafka: shared.kafka, topics: configuration.topics, store: shared.store, writer: shared.writer,
            capabilities: shared.capabilities, secrets: configuration.secrets, producer: shared.producer, client: shared.outbound,
            activity: shared.activity, kafkaAvailability: availability, logger: label("ingress"),
            onServerRunning: { _ in health.set(NodeRole.ingress.rawValue, ready: true) })
    }

    private func exchange(_ shared: SharedResources) -> ExchangeService {
        let calls = ConnectionPlan.exchange(
            calls: ConnectionPlan.calls(files: OpenFiles.limit), perRecipient: configuration.recipientConcurrency)
        return ExchangeService(
            kafka: shared.kafka, topics: configuration.topics,
            membership: reporting(.exchange, ExchangeService.membership(of: configuration.topics)),
            settings: ExchangeSettings(
                publicURL: configuration.publicURL, nodeKey: configuration.key, callsPerRecipient: calls.perRecipient,
                callsInTotal: calls.inTotal, defaultTimeout: configuration.requestTimeout, breaker: configuration.breaker),
            store: shared.store, capabilities: shared.capabilities, producer: shared.producer, client: shared.outbound,
            logger: label("exchange"), onAnswer: { [activity = shared.activity] in activity.note($0) })
    }

    private func matcher(_ shared: SharedResources) -> MatcherService {
        var membership = reporting(.matcher, MatcherService.membership(of: configuration.topics))
        membership.instanceID = shared.staticInstance
        return MatcherService(
            kafka: shared.kafka, topics: configuration.topics, hub: configuration.hub, membership: membership, store: shared.store,
            producer: shared.producer, logger: label("matcher"))
    }

    private func push(_ shared: SharedResources) -> PushService {
        var membership = reporting(.push, PushService.membership(of: configuration.topics))
        membership.instanceID = shared.staticInstance
        return PushService(
            kafka: shared.kafka, topics: configuration.topics, membership: membership,
            settings: PushSettings(
                nodeKey: configuration.key, copiesPerRecipient: configuration.pushConcurrency, backoffBase: configuration.backoffBase,
                backoffCap: configuration.backoffCap, horizon: .seconds(configuration.topicSettings.copyHorizonSeconds),
                expiredPerSecond: configuration.expiredPerSecond, breaker: configuration.breaker),
            store: shared.store, producer: shared.producer, client: shared.brief,
            rewinds: Rewinds(store: shared.store, writer: shared.writer, admin: shared.admin),
            reports: BreakerReports(worker: configuration.instance, store: shared.store, writer: shared.writer), logger: label("push"),
            onAnswer: { [activity = shared.activity] in activity.note($0) })
    }

    /// Nil for a registry in `ocn.state`.
    private func registryPublisher(_ shared: SharedResources) -> RegistryPublisher? {
        guard let file = configuration.registryFile else { return nil }
        return RegistryPublisher(
            source: FileSource(path: file), writer: shared.writer, store: shared.store, topics: shared.topicProvisioner,
            logger: label("registry"), onReadiness: { [health] in health.set(RegistryReloader.check, ready: $0, reason: $1) })
    }

    private func control(_ shared: SharedResources, _ registry: RegistryPublisher?) -> ControlService {
        var duties = registry.map { [ControlService.Duty.registry($0)] } ?? []
        let state = SharedState(store: shared.store, writer: shared.writer)
        if let interval = configuration.stillAliveInterval {
            duties.append(
                .stillAlive(
                    StillAlive(
                        interval: interval, state: state, peers: PeerClient(shared.outbound, logger: label("control")),
                        logger: label("control"))))
        }
        duties.append(
            .clientInfo(
                ClientInfoAnnouncer(
                    hub: configuration.hub, nodeAddress: configuration.key.address.hex, topics: configuration.topics, state: state,
                    send: { [producer = shared.producer] record throws(KafkaError) in _ = try await producer.send(record) }),
                store: shared.store))
        duties.append(
            .retirement(
                Retirement(
                    state: state,
                    deleteLinks: { [capabilities = shared.capabilities] in try await capabilities.forget($0) },
                    logger: label("control"))))
        return ControlService(
            kafka: shared.kafka, topics: configuration.topics,
            membership: reporting(.control, ControlService.membership(of: configuration.topics)), writer: shared.writer,
            store: shared.store, instance: configuration.instance, duties: duties, logger: label("control"))
    }

    private func adminAPI(_ shared: SharedResources) -> AdminAPI {
        let state = SharedState(store: shared.store, writer: shared.writer)
        let handshake = Handshake(
            hub: HubCredentials(publicURL: configuration.publicURL, party: configuration.hub, name: configuration.hubName),
            peers: PeerClient(shared.outbound, logger: label("admin")),
            registrationWriter: RegistrationWriter(
                state: state, secrets: configuration.secrets, nodeAddress: configuration.key.address.hex, hub: configuration.hub,
                tokenOverlap: configuration.tokenOverlap, logger: label("admin")),
            logger: label("admin"))
        return AdminAPI(
            state: state, handshake: handshake, key: configuration.adminKey, publicURL: configuration.publicURL, logger: label("admin"),
            isKafkaUnavailable: { [availability] in availability.outage != nil })
    }

    private func kafkaHealthCheck(_ shared: SharedResources) -> KafkaHealthCheck {
        let watch = KafkaHealthCheck(
            shared.kafka, names: configuration.topics, settings: configuration.topicSettings, store: shared.store, health: health,
            availability: availability, logger: label("kafka"))
        shared.onTrouble { [weak watch] in watch?.hint() }
        return watch
    }

    /// Makes a role's group report that it has joined, and that it lost its partitions.
    private func reporting(_ role: NodeRole, _ membership: GroupConsumer.Settings) -> GroupConsumer.Settings {
        let health = health
        var membership = membership
        membership.onAssigned = { health.set(role.rawValue, ready: true) }
        membership.onLost = { health.set(role.rawValue, ready: false, reason: "lost its partitions; joining its group again") }
        return membership
    }

    private func watch(_ role: NodeRole, _ stalls: @escaping @Sendable () async -> [Stall]) -> StallMonitor {
        StallMonitor(role: role, health: health, logger: label(role.rawValue), isShared: role != .push, stalls: stalls)
    }

    private func label(_ name: String) -> Logger {
        var logger = logger
        logger[metadataKey: "role"] = "\(name)"
        return logger
    }
}

/// A closure as a service.
private struct ClosureService: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }
}

/// Records which platforms sent requests, so that every process knows them.
private struct ActivityRecorder: Service {
    let shared: SharedResources
    let stillAlive: Duration?
    let logger: Logger

    func run() async throws {
        // Short enough that an active platform is never checked.
        let interval = min(.seconds(60), (stillAlive ?? .seconds(120)) / 2)
        await cancelWhenGracefulShutdown {
            await shared.activity.run(writer: shared.writer, store: shared.store, interval: interval, logger: logger)
        }
    }
}
