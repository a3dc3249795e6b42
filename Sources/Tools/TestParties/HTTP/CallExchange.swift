import NIOCore
import NIOHTTP1
import OCPI

/// A call on a connection. The connection completes its promise.
struct CallExchange: Sendable {
    let request: CallRequest
    let head: HTTPRequestHead
    let answerLimit: Int
    let deadline: NIODeadline
    let answered: EventLoopPromise<CallAnswer>

    init(
        _ request: CallRequest, to url: CallURL, answerLimit: Int, deadline: NIODeadline, answered: EventLoopPromise<CallAnswer>
    ) {
        self.request = request
        self.answerLimit = answerLimit
        self.deadline = deadline
        self.answered = answered
        var headers = HTTPHeaders()
        if !request.headers.contains(name: "Host") { headers.add(name: "Host", value: url.authority) }
        headers.add(contentsOf: request.headers)
        let length = request.body.readableBytes
        let isFramed = headers.contains(name: "Content-Length") || headers.contains(name: "Transfer-Encoding")
        // Methods with a defined body send Content-Length: 0 if there is none (RFC 9110, 8.6).
        if !isFramed, length > 0 || [.post, .put, .patch].contains(request.method) {
            headers.add(name: "Content-Length", value: String(length))
        }
        head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: url.target, headers: headers)
    }

    func fail(_ kind: CallFailure.Kind, _ reason: String) { answered.fail(CallFailure(kind, "\(request.line): \(reason)")) }
}
