import Admin
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Telemetry

/// The private listener: metrics and probes from the first moment, the admin API once this process is connected. For operators, never on the
/// public address.
final class PrivateListener: Service {
    private typealias Responder = any HTTPResponder<BasicRequestContext>

    private let address: BindAddress
    private let metrics: PrometheusMetrics
    private let health: Health
    private let logger: Logger
    private let admin = Mutex<Responder?>(nil)

    /// - Parameter address: where to listen.
    init(_ address: BindAddress, metrics: PrometheusMetrics, health: Health, logger: Logger) {
        self.address = address
        self.metrics = metrics
        self.health = health
        self.logger = logger
    }

    /// Serves the admin API from now on.
    func serve(_ api: AdminAPI) {
        let router = Router()
        api.addRoutes(to: router)
        let responder = router.buildResponder()
        admin.withLock { $0 = responder }
    }

    func run() async throws {
        let router = Router()
        addProbeRoutes(to: router, metrics: metrics, health: health)
        router.add(middleware: AdminWhenConnected { [self] in admin.withLock { $0 } })
        let application = Application(router: router, configuration: .init(address: address, serverName: nil), logger: logger)
        try await application.run()
    }
}

/// Hands requests for the admin API to it, or says that it is not there yet.
private struct AdminWhenConnected: RouterMiddleware {
    typealias Context = BasicRequestContext

    let responder: @Sendable () -> (any HTTPResponder<BasicRequestContext>)?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path.hasPrefix("/admin") else { return try await next(request, context) }
        guard let admin = responder() else {
            return Response(
                status: .serviceUnavailable, headers: [.contentType: "application/json", .retryAfter: "5"],
                body: .init(byteBuffer: ByteBuffer(string: #"{"error":"this process is starting and not yet connected to Kafka"}"#)))
        }
        return try await admin.respond(to: request, context: context)
    }
}
