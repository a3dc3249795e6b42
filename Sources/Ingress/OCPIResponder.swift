import Credentials
import Directory
import HTTPTypes
package import Hummingbird
import Inbound
import Kafka
import Logging
import NIOCore
import OCPI
import Topics

/// Answers every request on the public listener, always with an OCPI envelope.
///
/// It is used instead of a router because OCPI's paths are few and regular.
package struct OCPIResponder: HTTPResponder {
    /// The request context of Hummingbird.
    package typealias Context = IngressContext

    let headerLimit: Int
    let modules: ModuleRouting
    let configuration: ConfigurationModules
    let messages: MessageEndpoint
    let clientInfo: ClientInfoEndpoint
    let registry: RegistryEndpoint
    let isKafkaUnavailable: @Sendable () -> Bool
    /// Whether the answer of another caller may be held until it is read; `false` at the limit.
    let hasRoomForAnswer: @Sendable (_ client: () -> String) -> Bool
    /// Determines client addresses behind proxies.
    let proxies: TrustedProxies
    let metrics: IngressMetrics
    /// Log for failures that can repeat with every request.
    let failures: ThrottledLog

    /// Never throws: a body with malformed HTTP also gets an OCPI error.
    package func respond(to request: Request, context: IngressContext) async throws -> Response {
        let started = NIODeadline.now()
        let head = RequestHead(request.head)
        let destination = RequestDestination(head)
        var response: Response
        do {
            response = try await answer(request, head, destination, context)
        } catch let error as OCPIError {
            response = refusal(error, head, destination)
        } catch {
            failures.log(
                .error, "failed \(destination.label)", "a request failed",
                metadata: ["module": "\(destination.label)", "error": "\(error)"])
            let failure = OCPIError(code: .serverError, message: "The node failed on this request")
            response = refusal(failure, head, destination)
        }
        if response.status == .contentTooLarge { response.headers[.connection] = "close" }
        metrics.record(module: destination.label, httpStatus: response.status.code, nanoseconds: (NIODeadline.now() - started).nanoseconds)
        return head.method == .head ? response.createHeadResponse() : response
    }

    private func refusal(_ error: OCPIError, _ head: RequestHead, _ destination: RequestDestination) -> Response {
        switch destination {
        case .module(let route), .notFoundBelow(let route): modules.refusal(error, head, route)
        default: .refusal(error, version: destination.version, ResponseAddress(head))
        }
    }

    private func answer(
        _ request: Request, _ head: RequestHead, _ destination: RequestDestination, _ context: IngressContext
    ) async throws -> Response {
        guard head.headerBytes <= headerLimit else {
            throw OCPIError(code: .clientError, message: "The headers are longer than \(headerLimit) bytes", kind: .tooLarge)
        }
        guard hasRoomForAnswer({ proxies.client(of: request.headers, from: context.address) }) else { throw OCPIError.busy }
        // Requests that need no write are still answered without Kafka.
        if destination.needsKafka(head.method), isKafkaUnavailable() { throw OCPIError.kafkaUnavailable }
        switch destination {
        case .module(let route): return try await modules.respond(request, head, route)
        case .configuration(let route): return try await configuration.respond(request, head, route)
        case .message(let version): return try await messages.respond(request, head, version, context)
        case .registry(let question): return try registry.respond(head, question)
        case .clientInfo: return try await clientInfo.respond(request, head, context)
        case .notFound, .notFoundBelow: throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
        }
    }
}

extension OCPIResponder {
    /// Creates the parts.
    init(
        _ settings: IngressSettings, topics: TopicNames, dependencies: IngressDependencies, peers: PeerClient, secrets: NodeSecrets,
        pending: PendingReplies, replyPartition: Int32, metrics: IngressMetrics, logger: Logger,
        hasRoomForAnswer: @escaping @Sendable (_ client: () -> String) -> Bool = { _ in true }
    ) {
        let requestAdmission = RequestAdmission(hub: settings.hub, nodeAddress: settings.nodeAddress)
        let staleReadRetry = StaleReadRetry(dependencies: dependencies, catchUpLimiter: CatchUpLimiter(perSecond: 20))
        let bodyReader = BodyReader(pending: pending, limit: settings.bodyLimit, proxies: settings.connections.trustedProxies)
        let failures = ThrottledLog(logger)
        let producer = RequestProducer(
            pending: pending, topics: topics, replyPartition: replyPartition, send: dependencies.send, failures: failures,
            now: dependencies.now, isKafkaUnavailable: dependencies.isKafkaUnavailable,
            wasKafkaUnavailable: dependencies.wasKafkaUnavailable)
        let signatures = RequestSignatures(isRequired: settings.signatures)
        headerLimit = settings.headerLimit
        isKafkaUnavailable = dependencies.isKafkaUnavailable
        self.hasRoomForAnswer = hasRoomForAnswer
        proxies = settings.connections.trustedProxies
        self.metrics = metrics
        self.failures = failures
        modules = ModuleRouting(
            settings: settings, requestAdmission: requestAdmission, dependencies: dependencies, staleReadRetry: staleReadRetry,
            bodyReader: bodyReader, producer: producer,
            signatures: signatures, metrics: metrics, logger: logger)
        configuration = ConfigurationModules(
            requestAdmission: requestAdmission, versions: VersionList(publicURL: settings.publicURL),
            credentials: CredentialsModule(settings: settings, dependencies: dependencies, secrets: secrets, peers: peers, logger: logger),
            clientInfo: ClientInfoModule(publicURL: settings.publicURL, maxLimit: settings.listLimit, lastHeard: dependencies.lastHeard),
            rules: RulesModule(dependencies: dependencies, logger: logger), dependencies: dependencies, staleReadRetry: staleReadRetry,
            bodyReader: bodyReader,
            logger: logger)
        messages = MessageEndpoint(
            settings: settings, requestAdmission: requestAdmission, dependencies: dependencies, staleReadRetry: staleReadRetry,
            bodyReader: bodyReader, producer: producer,
            signatures: signatures, logger: logger)
        clientInfo = ClientInfoEndpoint(
            nodeAddress: settings.nodeAddress, dependencies: dependencies, staleReadRetry: staleReadRetry, bodyReader: bodyReader,
            logger: logger)
        registry = RegistryEndpoint(settings: settings, dependencies: dependencies)
    }
}
