import AsyncHTTPClient
package import Encoding
package import NIOCore
import NIOHTTP1
package import OCPI

/// One call that a party made to its node, with the answer.
package struct SentRequest: Sendable {
    /// OCPI method.
    package let method: OCPI.Method
    /// Absolute URL.
    package let url: String
    /// The party it was for; nil for versions and credentials.
    package let to: PartyID?
    /// X-Correlation-ID of the call.
    package let correlationID: String
    /// X-Request-ID of the call.
    package let requestID: String
    /// When it was sent.
    package let sent: Timestamp
    /// When the answer was complete.
    package let answered: Timestamp
    /// Time between the two, more finely.
    package let duration: Duration
    /// HTTP status of the answer.
    package let status: Int
    /// Headers of the answer.
    let headers: HTTPHeaders
    /// Body of the answer, byte for byte.
    package let body: ByteBuffer

    /// A header of the answer, its name matched without case.
    package func header(_ name: String) -> String? { headers.first(name: name) }

    /// OCPI `status_code` of the answer.
    package var ocpiStatus: Int? { body.jsonInteger(["status_code"]) }

    /// Path and query of the URL.
    package var target: String {
        guard let scheme = url.firstRange(of: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/") else { return url }
        return String(url[slash...])
    }

    /// The URL of the `rel="next"` entry of a paginated answer.
    package var nextPage: String? {
        guard let link = header(OCPIHeader.link), let end = link.firstIndex(of: ">"), link.hasPrefix("<"),
            link[end...].contains("rel=\"next\"")
        else { return nil }
        return String(link[link.index(after: link.startIndex)..<end])
    }
}

/// A call to a node that got no proper answer.
package struct PartyCallFailure: Error, CustomStringConvertible {
    /// What was called and what came of it; never a token.
    package let description: String
}

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
