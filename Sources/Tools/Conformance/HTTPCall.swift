import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCPI

/// HTTP without opinions: what is in the headers goes out, what comes back is told.
enum HTTPCall {
    private static let answerLimit = 16 * 1024 * 1024
    /// Lives as long as the program. A refused connection is an answer here, not a reason to try again.
    private static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Throws: `HTTPCallFailure` if no complete answer came within `maximumWait`.
    static func send(
        _ method: OCPI.Method, _ url: String, headers: HTTPHeaders, body: ByteBuffer?, maximumWait: Duration
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers = headers
        if let body { request.body = .bytes(body) }
        do {
            let response = try await client.execute(request, timeout: TimeAmount(maximumWait))
            let answer = try await response.body.collect(upTo: answerLimit)
            return Reply(
                line: "\(method) \(url)", requestID: headers.first(name: OCPIHeader.requestID),
                correlationID: headers.first(name: OCPIHeader.correlationID), status: Int(response.status.code),
                headers: response.headers, body: answer)
        } catch {
            throw HTTPCallFailure(description: "\(method) \(url): \(error)")
        }
    }
}
