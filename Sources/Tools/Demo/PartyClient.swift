import AsyncHTTPClient
import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// HTTP as a party speaks it: JSON, `Authorization: Token …`, message ids, routing headers.
enum PartyClient {
    private static let answerLimit = 8 * 1024 * 1024
    private static let maximumWait = TimeAmount.seconds(20)
    /// Lives as long as the program. A refused connection is an answer here, not a reason to try for twenty seconds.
    private static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Makes one call. Configuration modules (no `route`) carry no routing headers.
    static func call(
        _ method: OCPI.Method, _ url: String, authorization: String, route: (from: PartyID, to: PartyID)? = nil,
        correlationID: String = UUIDText.v4(), body: ByteBuffer? = nil
    ) async throws -> SentRequest {
        let requestID = UUIDText.v4()
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: OCPIHeader.authorization, value: authorization)
        request.headers.add(name: OCPIHeader.requestID, value: requestID)
        request.headers.add(name: OCPIHeader.correlationID, value: correlationID)
        if let route {
            request.headers.add(name: OCPIHeader.fromCountry, value: route.from.country)
            request.headers.add(name: OCPIHeader.fromParty, value: route.from.party)
            request.headers.add(name: OCPIHeader.toCountry, value: route.to.country)
            request.headers.add(name: OCPIHeader.toParty, value: route.to.party)
        }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        let clock = ContinuousClock()
        let start = clock.now
        let sent = Timestamp.now
        do {
            let response = try await client.execute(request, timeout: maximumWait)
            let answer = try await response.body.collect(upTo: answerLimit)
            return SentRequest(
                method: method, url: url, to: route?.to, correlationID: correlationID, requestID: requestID, sent: sent,
                answered: .now, duration: clock.now - start, status: Int(response.status.code), headers: response.headers, body: answer)
        } catch {
            throw PartyCallFailure(description: "\(method.rawValue) \(url): \(error)")
        }
    }
}
