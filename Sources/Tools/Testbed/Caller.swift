import AsyncHTTPClient
import Encoding
package import NIOCore
import NIOHTTP1
import NIOPosix
import OCPI

/// HTTP as parties speak it, each answer read to its end. Never repeats a request by itself.
package struct Caller: Sendable {
    /// What came back.
    package struct Answer: Sendable {
        /// HTTP status.
        package let status: Int
        /// All of it.
        package let body: ByteBuffer

        /// OCPI `status_code`.
        package var code: Int? { body.jsonInteger(["status_code"]) }
    }

    /// Nothing of the request has left this process.
    package struct NotSent: Error {}

    private static let answerLimit = 1024 * 1024
    private let client: HTTPClient

    /// Shut down with ``close()``.
    package init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(2))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends its connections; it must have no calls any more.
    package func close() async {
        // It has no calls any more; how its connections end does not matter.
        try? await client.shutdown()
    }

    /// - Throws: ``NotSent`` if no connection could be made; otherwise what broke, and the other side may have had the request.
    package func call(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: ByteBuffer? = nil, timeout: TimeAmount = .seconds(20)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        do {
            let response = try await client.execute(request, timeout: timeout)
            return Answer(status: Int(response.status.code), body: try await response.body.collect(upTo: Self.answerLimit))
        } catch is NIOConnectionError {
            throw NotSent()
        } catch let error as HTTPClientError where error == .connectTimeout {
            throw NotSent()
        }
    }
}
