import Encoding
import Hummingbird
import Inbound
import Logging
import NIOCore
import ServiceLifecycle
import Support
import Testing

@testable import Ingress

/// The public listener on a socket, in front of a ``TestIngress``.
struct RawListener {
    let port: Int
    let server: InboundServer

    /// Listens while `body` runs.
    /// - Parameter adjust: changes to the default limits.
    static func run(
        _ ingress: TestIngress = TestIngress(), logger: Logger = TestIngress.silent, adjust: (inout InboundLimits) -> Void = { _ in },
        _ body: (RawListener) async throws -> Void
    ) async throws {
        var settings = ingress.settings
        adjust(&settings.connections)
        let server = PublicListener.server(settings, logger: logger)
        let ports = AsyncStream<Int>.makeStream()
        let application = PublicListener.application(
            settings, server, responder: ingress.responder, eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: logger
        ) { ports.continuation.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [application], logger: TestIngress.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result: Result<Void, any Error>
            do {
                let port = try #require(await ports.stream.first { _ in true })
                result = .success(try await body(RawListener(port: port, server: server)))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    /// A request as bytes, from DE-MSP to DE-CPO.
    static func request(
        _ method: String = "GET", _ target: String = "/ocpi/sender/2.2.1/locations/L1", version: String = "HTTP/1.1",
        host: String? = "hub.example", _ extra: [String] = [], body: String = ""
    ) -> String {
        var lines = ["\(method) \(target) \(version)"]
        if let host { lines.append("Host: \(host)") }
        lines += headers().map { "\($0.key): \($0.value)" } + extra
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Expects that the connection accepts another request.
    static func expectKept(
        _ connection: RawConnection, after answers: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await connection.send(request())
        let all = try await connection.waitForAnswers(answers + 1)
        #expect(all.last?.status == 200 && !connection.isClosed, "\(connection.text)", sourceLocation: sourceLocation)
    }
}

extension RawAnswer {
    /// `status_code` of an OCPI envelope.
    var code: Int? { ByteBuffer(string: body).jsonInteger(["status_code"]) }
    /// `status_message` of an OCPI envelope.
    var message: String? { ByteBuffer(string: body).jsonString(["status_message"]) }
}
