import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Collects one answer within its size limit and the shared room, and notes whether the request was sent.
///
/// AsyncHTTPClient calls it on the request's event loop; the lock is for the one reader outside of it.
final class AnswerCollector: HTTPClientResponseDelegate {
    typealias Response = OutboundResponse

    struct TooLarge: Error {
        let limit: Int
    }

    /// Incoming answers use all the shared room, or all that one host may use.
    struct NoRoom: Error {}

    /// The server closed the connection without an answer.
    struct NoAnswer: Error {}

    private struct State {
        var wasSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
        var charge: AnswerQuota.Charge
        /// Whether the collector takes no more bytes.
        var isOver = false

        mutating func append(_ part: ByteBuffer, limit: Int, in room: AnswerQuota) -> (any Error)? {
            guard part.readableBytes <= limit - body.readableBytes else { return TooLarge(limit: limit) }
            guard !isOver, charge.grow(to: body.readableBytes + part.readableBytes, in: room) else { return NoRoom() }
            if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
            return nil
        }
    }

    private let state: Mutex<State>
    private let limit: Int
    private let room: AnswerQuota

    /// - Parameters:
    ///   - limit: the longest body, in bytes.
    ///   - room: the room that it shares with other answers; ``end()`` must follow.
    ///   - host: the called host.
    init(limit: Int, room: AnswerQuota, host: String) {
        self.limit = limit
        self.room = room
        state = Mutex(State(charge: AnswerQuota.Charge(host: host)))
    }

    /// Releases the room: the answer is complete, or the call has failed.
    func end() {
        state.withLock {
            $0.isOver = true
            $0.charge.end(in: room)
        }
    }

    /// Whether the head of the request was written to the socket. A request that is not idempotent may only be repeated before that.
    var wasSent: Bool { state.withLock { $0.wasSent } }

    func didSendRequestHead(task: HTTPClient.Task<Response>, _ head: HTTPRequestHead) {
        state.withLock { $0.wasSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        if let announced = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), announced > limit {
            return task.eventLoop.makeFailedFuture(TooLarge(limit: limit))
        }
        state.withLock {
            // An answer proves that the request was sent.
            $0.wasSent = true
            $0.head = head
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let error = state.withLock { $0.append(part, limit: limit, in: room) }
        if let error { return task.eventLoop.makeFailedFuture(error) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
        try state.withLock { state in
            guard let head = state.head else { throw NoAnswer() }
            return OutboundResponse(status: Int(head.status.code), headers: head.headers, body: state.body)
        }
    }
}
