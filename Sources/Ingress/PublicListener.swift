import Credentials
import Directory
import Encoding
import Hummingbird
import Inbound
import Kafka
import Logging
import NIOCore
import OCPI
import Outbound
import Topics

/// The public listener: its limits, and its answers to malformed HTTP.
enum PublicListener {
    /// A server with the limits of the settings, which answers malformed HTTP with OCPI errors.
    static func server(_ settings: IngressSettings, logger: Logger) -> InboundServer {
        InboundServer(
            .public, settings.connections,
            bodyLimit: { [limit = settings.bodyLimit] path in
                path == MessageEndpoint.path ? MessageEndpoint.longestMessage(around: limit) : limit
            },
            refusalBody: { Envelope.error(code: .clientError, message: $0) }, logger: logger)
    }

    /// The application that listens and passes every request to the responder.
    static func application<Responder: HTTPResponder<IngressContext>>(
        _ settings: IngressSettings, _ server: InboundServer, responder: Responder, eventLoopGroup: any EventLoopGroup, logger: Logger,
        onServerRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            responder: responder,
            server: server.builder,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), availableConnectionsDelegate: server.gate),
            onServerRunning: { channel in
                guard let port = channel.localAddress?.port else { return }
                logger.info(
                    "listening",
                    metadata: [
                        "host": "\(settings.host)", "port": "\(port)", "url": "\(settings.publicURL)",
                        "connections": "\(settings.connections.connections)",
                    ])
                await onServerRunning(port)
            },
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: logger)
    }
}
