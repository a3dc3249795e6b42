import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Collects one answer up to a limit, and remembers whether anything was sent.
///
/// AsyncHTTPClient calls it on the request's event loop; the lock is there for the one reader outside of it.
final class AnswerCollector: HTTPClientResponseDelegate {
    typealias Response = OutboundResponse

    struct TooLarge: Error {
        let limit: Int
    }

    /// The server ended the request without an answer.
    struct NoAnswer: Error {}

    private struct State {
        var wasSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the head of the request went to the socket: only before that may a request be repeated that is not idempotent.
    var wasSent: Bool { state.withLock { $0.wasSent } }

    func didSendRequestHead(task: HTTPClient.Task<Response>, _ head: HTTPRequestHead) {
        state.withLock { $0.wasSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        if let announced = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), announced > limit {
            return task.eventLoop.makeFailedFuture(TooLarge(limit: limit))
        }
        state.withLock {
            // An answer proves that something was sent.
            $0.wasSent = true
            $0.head = head
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { state in
            guard part.readableBytes <= limit - state.body.readableBytes else { return false }
            if state.body.readableBytes == 0 { state.body = part } else { state.body.writeImmutableBuffer(part) }
            return true
        }
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(TooLarge(limit: limit))
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
        try state.withLock { state in
            guard let head = state.head else { throw NoAnswer() }
            return OutboundResponse(status: Int(head.status.code), headers: head.headers, body: state.body)
        }
    }
}
