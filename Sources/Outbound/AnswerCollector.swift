import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Collects one answer up to a limit and as far as there is room for it, and remembers whether anything was sent.
///
/// AsyncHTTPClient calls it on the request's event loop; the lock is there for the one reader outside of it.
final class AnswerCollector: HTTPClientResponseDelegate {
    typealias Response = OutboundResponse

    struct TooLarge: Error {
        let limit: Int
    }

    /// Answers that are coming in take all the room there is for them, or for those of this host.
    struct NoRoom: Error {}

    /// The server ended the request without an answer.
    struct NoAnswer: Error {}

    private struct State {
        var wasSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
        var charge: AnswerRoom.Charge
        /// Nothing is taken in any more.
        var isOver = false

        mutating func append(_ part: ByteBuffer, limit: Int, in room: AnswerRoom) -> (any Error)? {
            guard part.readableBytes <= limit - body.readableBytes else { return TooLarge(limit: limit) }
            guard !isOver, charge.grow(to: body.readableBytes + part.readableBytes, in: room) else { return NoRoom() }
            if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
            return nil
        }
    }

    private let state: Mutex<State>
    private let limit: Int
    private let room: AnswerRoom

    /// - Parameters:
    ///   - limit: bytes of the body.
    ///   - room: what it shares with other answers; ``end()`` must follow.
    ///   - host: that is asked.
    init(limit: Int, room: AnswerRoom, host: String) {
        self.limit = limit
        self.room = room
        state = Mutex(State(charge: AnswerRoom.Charge(host: host)))
    }

    /// The answer is complete, or will not be.
    func end() {
        state.withLock {
            $0.isOver = true
            $0.charge.end(in: room)
        }
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
