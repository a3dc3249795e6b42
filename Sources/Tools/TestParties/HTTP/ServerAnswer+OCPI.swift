package import Encoding
import NIOCore
import OCPI

// Answers in OCPI's response format.
extension ServerAnswer {
    /// Status 1000 with `data`.
    package static func success(
        _ data: JSONValue? = nil, message: String? = nil, status: Int = 200, headers: [(String, String)] = []
    ) -> ServerAnswer {
        ServerAnswer(status, headers: headers, body: Envelope.success(data: data, message: message))
    }

    /// An OCPI status and no data.
    package static func failure(_ code: Int, status: Int = 200, _ message: String = "refused by the test") -> ServerAnswer {
        ServerAnswer(status, body: Envelope.error(code: StatusCode(rawValue: code), message: message))
    }

    /// A page of a list, with `X-Total-Count`, `X-Limit` and, if there is a next page, `Link`.
    package static func page(_ objects: [JSONValue], total: Int? = nil, limit: Int = 50, next: String? = nil) -> ServerAnswer {
        var headers = [(OCPIHeader.totalCount, String(total ?? objects.count)), (OCPIHeader.limit, String(limit))]
        if let next { headers.append((OCPIHeader.link, "<\(next)>; rel=\"next\"")) }
        return success(.array(objects), headers: headers)
    }

    /// The same with the request's message ids and its routing headers swapped (OCPI 2.2.1, 4.1.2 and 4.4). Existing headers keep their
    /// value.
    package func addressed(to request: some HTTPMessage) -> ServerAnswer {
        let repeated = [
            (OCPIHeader.requestID, OCPIHeader.requestID), (OCPIHeader.correlationID, OCPIHeader.correlationID),
            (OCPIHeader.toCountry, OCPIHeader.fromCountry), (OCPIHeader.toParty, OCPIHeader.fromParty),
            (OCPIHeader.fromCountry, OCPIHeader.toCountry), (OCPIHeader.fromParty, OCPIHeader.toParty),
        ]
        return adding(repeated.compactMap { name, source in request.header(source).map { (name, $0) } })
    }
}
