import Admin
import Encoding
import HTTPTypes
import Hummingbird
import Inbound
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Telemetry

/// The private listener: metrics and probes from the start, the admin API once this process is connected. It is for operators and must not
/// be public, but has the same limits as the public one.
final class PrivateListener: Service {
    private typealias Responder = any HTTPResponder<PrivateContext>

    private let address: BindAddress
    private let server: InboundServer
    private let metrics: PrometheusMetrics
    private let health: Health
    private let logger: Logger
    private let admin = Mutex<Responder?>(nil)

    /// - Parameters:
    ///   - address: the address to listen on.
    ///   - limits: the limits of connections and requests.
    init(_ address: BindAddress, _ limits: InboundLimits, metrics: PrometheusMetrics, health: Health, logger: Logger) {
        self.address = address
        self.metrics = metrics
        self.health = health
        self.logger = logger
        server = InboundServer(
            .private, limits, bodyLimit: { _ in 64 * 1024 }, refusalBody: { PrivateListener.problem($0) }, logger: logger)
    }

    /// Serves the admin API from now on.
    func serve(_ api: AdminAPI) {
        let router = Router(context: PrivateContext.self)
        api.addRoutes(to: router)
        let responder = router.buildResponder()
        admin.withLock { $0 = responder }
    }

    func run() async throws {
        // Probes may use HEAD.
        let router = Router(context: PrivateContext.self, options: .autoGenerateHeadEndpoints)
        addProbeRoutes(to: router, metrics: metrics, health: health)
        router.add(middleware: BrokenRequests())
        router.add(middleware: AdminWhenConnected { [self] in admin.withLock { $0 } })
        let application = Application(
            router: router, server: server.builder,
            configuration: .init(address: address, serverName: nil, availableConnectionsDelegate: server.gate), logger: logger)
        try await application.run()
    }

    static func problem(_ message: String) -> ByteBuffer { JSONValue.object(["error": .string(message)]).encoded() }

    static func problem(_ status: HTTPResponse.Status, _ message: String, _ headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: problem(message)))
    }
}

/// Answers a request whose body is malformed HTTP or does not arrive.
private struct BrokenRequests: RouterMiddleware {
    typealias Context = PrivateContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            return PrivateListener.problem(.badRequest, Inbound.HTTPRefusal(error).message)
        } catch let refusal as Inbound.HTTPRefusal {
            return PrivateListener.problem(HTTPResponse.Status(code: Int(refusal.status.code)), refusal.message)
        }
    }
}

/// Passes requests to the admin API, or answers that it is not available yet.
private struct AdminWhenConnected: RouterMiddleware {
    typealias Context = PrivateContext

    let responder: @Sendable () -> (any HTTPResponder<PrivateContext>)?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path.hasPrefix("/admin") else { return try await next(request, context) }
        guard let admin = responder() else {
            return PrivateListener.problem(
                .serviceUnavailable, "this process is starting and not yet connected to Kafka", [.retryAfter: "5"])
        }
        return try await admin.respond(to: request, context: context)
    }
}
