import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A JSON server on 127.0.0.1 that can be stopped and brought back on the same port. Start and stop are for one task at a time.
package final class LoopbackServer: Sendable {
    /// Answers one request; called concurrently.
    package typealias Handler = @Sendable (ServedRequest) async -> ServedAnswer

    /// The server could not listen.
    package struct NotListening: Error, CustomStringConvertible {
        /// Why, for people.
        package let description: String
    }

    private struct Life {
        let group: ServiceGroup
        let run: Task<Void, any Error>
    }

    private struct State {
        var port = 0
        var life: Life?
    }

    private static let bodyLimit = 2 * 1024 * 1024
    private let handler: Handler
    private let state = Mutex(State())

    /// A server that does not listen yet.
    package init(handler: @escaping Handler) { self.handler = handler }

    /// Port of the latest start; kept over a stop. 0 before the first start.
    package var port: Int { state.withLock { $0.port } }

    /// `http://127.0.0.1:<port>`.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Listens: at first on a port that the system chooses, afterwards on the same one. Returns when it accepts connections.
    package func start() async throws {
        let silent = Logger(label: "demo.party") { _ in SwiftLogNoOpLogHandler() }
        let (ports, port) = AsyncThrowingStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { [handler] (request: Request, _: BasicRequestContext) in
                let body = try await request.body.collect(upTo: Self.bodyLimit)
                let answer = await handler(
                    ServedRequest(
                        method: request.method.rawValue, path: request.uri.path, query: request.uri.query,
                        headers: request.headers, body: body))
                return Self.response(answer)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: self.port)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: silent)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: silent))
        let run = Task {
            do {
                try await group.run()
                port.finish()
            } catch {
                port.finish(throwing: error)
                throw error
            }
        }
        for try await chosen in ports where chosen > 0 {
            state.withLock { state in
                state.port = chosen
                state.life = Life(group: group, run: run)
            }
            return
        }
        throw NotListening(description: "the server on 127.0.0.1:\(self.port) stopped before it listened")
    }

    /// Stops listening, answers what is open, closes every connection. Without effect on a server that is not running.
    package func stop() async {
        let life = state.withLock { state in
            let life = state.life
            state.life = nil
            return life
        }
        guard let life else { return }
        await life.group.triggerGracefulShutdown()
        // How it ended does not matter any more: either way nothing listens.
        _ = await life.run.result
    }

    private static func response(_ answer: ServedAnswer) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers, body: ResponseBody(byteBuffer: answer.body))
    }
}
