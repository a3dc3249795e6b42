import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// A party's answer to a request.
struct HubResponse: Sendable {
    enum Timing: Sendable {
        case now
        case after(TimeAmount)
        /// The connection stays open without an answer.
        case never
        /// The connection is closed without an answer.
        case broken
    }

    var status: Int
    /// Headers without Content-Length.
    var headers: HTTPHeaders
    var body: ByteBuffer
    var timing = Timing.now

    /// Any answer, byte for byte.
    /// - Parameter headers: Content-Type is application/json unless it is given. The party adds OCPI's message ids and routing headers
    ///   unless they are given.
    init(_ status: Int = 200, headers: [(String, String)] = [], text: String) {
        self.status = status
        self.headers = HTTPHeaders(headers)
        body = ByteBuffer(string: text)
        if !self.headers.contains(name: "Content-Type") { self.headers.add(name: "Content-Type", value: "application/json") }
    }

    /// Status 1000 with `data`.
    static func success(_ data: JSONValue? = nil, status: Int = 200, headers: [(String, String)] = []) -> HubResponse {
        HubResponse(status, headers: headers, text: String(buffer: Envelope.success(data: data)))
    }

    /// An OCPI error status without data.
    static func failure(_ code: Int, status: Int = 200, _ message: String = "refused by the test") -> HubResponse {
        HubResponse(status, text: String(buffer: Envelope.error(code: StatusCode(rawValue: code), message: message)))
    }

    /// Part of a list, with `X-Total-Count`, `X-Limit` and, if there is a next page, a `Link` to it.
    static func page(_ objects: [JSONValue], total: Int? = nil, limit: Int = 50, next: String? = nil) -> HubResponse {
        var headers = [(OCPIHeader.totalCount, String(total ?? objects.count)), (OCPIHeader.limit, String(limit))]
        if let next { headers.append((OCPIHeader.link, "<\(next)>; rel=\"next\"")) }
        return success(.array(objects), headers: headers)
    }

    /// No answer.
    static var silence: HubResponse { timed(.never) }

    /// The connection is closed instead of an answer.
    static var hangUp: HubResponse { timed(.broken) }

    /// The same answer after a delay.
    func after(_ pause: TimeAmount) -> HubResponse {
        var answer = self
        answer.timing = .after(pause)
        return answer
    }

    private static func timed(_ timing: Timing) -> HubResponse {
        var answer = success()
        answer.timing = timing
        return answer
    }
}
