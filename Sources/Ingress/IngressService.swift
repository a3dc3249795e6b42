import Credentials
package import Directory
import Encoding
package import Hummingbird
import Inbound
package import Kafka
package import Logging
package import NIOCore
import OCPI
package import Outbound
import ServiceLifecycle
package import Topics

// The public side of a node: HTTP requests become records, replies become HTTP responses.
//
//   party ──HTTP──▶ OCPIResponder ─┬─ ModuleRouting ─ RequestAdmission ─▶ RequestProducer ──▶ ocn.requests
//   node ─/ocn/message─▶           ├─ MessageEndpoint ──────────────────────▲   │ the caller waits
//                                  ├─ ConfigurationModules                      ▼
//                                  └─ RegistryEndpoint                     PendingReplies ◀── ReplyReader ◀── ocn.replies
//                                     answered here                             │ reply, deadline or failure: one answer
//   party, node ◀──HTTP── Response+OCPI ◀───────────────────────────────────────┘

/// The INGRESS role as a service: it listens and answers; on graceful shutdown it finishes the open requests before it stops.
package struct IngressService: ServiceLifecycle.Service {
    private let settings: IngressSettings
    private let store: StateStore
    private let pending: PendingReplies
    private let reader: ReplyReader
    private let server: InboundServer
    private let answers: OCPIResponder
    private let eventLoopGroup: any EventLoopGroup
    private let onServerRunning: @Sendable (_ port: Int) async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - settings: what the operator configured.
    ///   - kafka: connection to the cluster.
    ///   - topics: the node's topics.
    ///   - store: the state in Kafka. The caller starts and stops it.
    ///   - writer: stores credentials.
    ///   - capabilities: resolves hub URLs. The caller starts and stops it.
    ///   - secrets: seals tokens.
    ///   - producer: sends the records.
    ///   - client: requests platforms' endpoints.
    ///   - eventLoopGroup: serves the connections.
    ///   - activity: records every platform that sends a request.
    ///   - kafkaAvailability: while Kafka is unavailable, requests are refused at once.
    ///   - logger: receives warnings and errors.
    ///   - onServerRunning: called once with the port that is listened on.
    package init(
        _ settings: IngressSettings, kafka: KafkaSettings, topics: TopicNames, store: StateStore, writer: StateWriter,
        capabilities: Capabilities, secrets: NodeSecrets, producer: Producer, client: OutboundClient,
        eventLoopGroup: any EventLoopGroup = EventLoopGroupProvider.singleton.eventLoopGroup,
        activity: Activity = Activity(), kafkaAvailability: KafkaAvailability = KafkaAvailability(), logger: Logger,
        onServerRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let dependencies = IngressDependencies(
            directory: { store.directory },
            catchUp: { _ = await store.catchUp(timeout: .milliseconds(250)) },
            resolve: { await capabilities.resolve($0, now: $1) },
            publish: { (capability, id) throws(LinkError) in
                let result = await kafkaAvailability.answer { answer in capabilities.publish(capability, id: id) { answer($0) } }
                guard let result else { throw .kafka(.away) }
                try result.get()
            },
            send: { producer.send($0, report: $1) },
            write: { changes throws(StateError) in try await writer.write(changes) },
            heard: { activity.note($0) },
            lastHeard: { activity.lastHeard($0) },
            partyOf: { capabilities.objects[$0] },
            remember: { capabilities.objects.note($0, $1) },
            now: { store.clock.now }, isKafkaUnavailable: { kafkaAvailability.outage != nil },
            wasKafkaUnavailable: { kafkaAvailability.wasAway(since: $0) })
        let metrics = IngressMetrics()
        let partition = settings.replyPartition ?? Int32.random(in: 0..<Int32(clamping: max(1, settings.replyPartitions)))
        let pending = PendingReplies(
            epoch: .random(in: .min ... .max), maxCount: settings.maxPending, maxBytes: settings.maxPendingBytes, metrics: metrics)
        kafkaAvailability.whenItBegins { [weak pending] in pending?.failUnrecorded(.away) }
        self.settings = settings
        self.store = store
        self.pending = pending
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.onServerRunning = onServerRunning
        reader = ReplyReader(kafka, topics: topics, partition: partition, pending: pending, metrics: metrics, logger: logger)
        let server = PublicListener.server(settings, logger: logger)
        self.server = server
        answers = OCPIResponder(
            settings, topics: topics, dependencies: dependencies, peers: PeerClient(client, logger: logger), secrets: secrets,
            pending: pending, replyPartition: partition, metrics: metrics, logger: logger,
            hasRoomForAnswer: { server.answers.hasRoom(for: RecordLimits.answerBody, of: $0()) })
    }

    /// The responder, for tests without a socket.
    package func responder() -> some HTTPResponder<IngressContext> { answers }

    /// Serves until graceful shutdown. The port opens only after `ocn.state` was read to its end: before that, a missing party may just not
    /// have been read yet.
    package func run() async throws {
        try await reader.start()
        let sweep = eventLoopGroup.next().scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) { [pending] _ in
            pending.sweep(now: .now())
        }
        let outcome = await Result.of {
            try await withTaskCancellationHandler {
                guard await isReady() else { return }
                try await application().run()
            } onCancel: {
                pending.stop()
            }
        }
        pending.stop()
        sweep.cancel()
        await reader.stop()
        try outcome.get()
    }

    private func isReady() async -> Bool {
        while !(await store.ready(timeout: .seconds(1))) {
            guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return false }
            logger.warning("not listening yet: ocn.state is still being read")
        }
        return true
    }

    private func application() -> some ApplicationProtocol {
        PublicListener.application(
            settings, server, responder: answers, eventLoopGroup: eventLoopGroup, logger: logger, onServerRunning: onServerRunning)
    }
}

extension Result where Failure == any Error {
    /// The result of an async function that throws.
    static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
