package import HTTPTypes
import Hummingbird
import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// One request as a loopback server got it, its body complete.
package struct ServedRequest: Sendable {
    /// Upper-case HTTP method.
    package let method: String
    /// Path without the query, as it came.
    package let path: String
    /// Query without "?", as it came.
    package let query: String?
    /// Headers as they came.
    package let headers: HTTPFields
    /// Body bytes, empty without a body.
    package let body: ByteBuffer

    /// The value of a header, its name matched without case.
    package func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}

/// What a loopback server answers.
package struct ServedAnswer: Sendable {
    /// HTTP status.
    package let status: Int
    /// Headers besides Content-Type and Content-Length.
    package let headers: [(name: String, value: String)]
    /// JSON body.
    package let body: ByteBuffer

    /// An answer with a JSON body.
    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The same answer with more headers.
    func repeating(_ more: [(name: String, value: String)]) -> ServedAnswer {
        ServedAnswer(status: status, headers: headers + more, body: body)
    }
}

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
