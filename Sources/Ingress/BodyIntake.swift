import Hummingbird
import NIOCore
import NIOHTTP1
import OCPI

/// Reads request bodies within the node's limits.
struct BodyIntake: Sendable {
    let pending: PendingReplies
    /// Bytes of one body.
    let limit: Int

    /// Holds a place among the pending requests, reads the body and goes on with it; nil for none.
    /// - Throws: 413 for a longer body, also one whose length was not announced; 503 when all places are taken; `HTTPParserError` for
    ///   broken HTTP, which the server answers itself.
    func withBody<Result: Sendable>(
        of request: Request, _ head: RequestHead, _ context: IngressContext, _ use: (ByteBuffer?) async throws -> Result
    ) async throws -> Result {
        var held = max(0, head.contentLength ?? (head.isChunked ? limit : 0))
        guard held <= limit else { throw tooLarge(context) }
        guard pending.reserve(bytes: held) else { throw OCPIError.busy }
        defer { pending.release(bytes: held) }
        let body = try await collect(request, context)
        pending.shrink(from: held, to: body.readableBytes)
        held = body.readableBytes
        return try await use(held > 0 ? body : nil)
    }

    private func collect(_ request: Request, _ context: IngressContext) async throws -> ByteBuffer {
        do {
            return try await context.within(BodyIntake.timeLimit) { try await request.body.collect(upTo: limit) }
        } catch is NIOTooManyBytesError {
            throw tooLarge(context)
        } catch let error as HTTPParserError {
            throw error
        } catch {
            throw OCPIError(code: .clientError, message: "The body did not arrive", kind: .unparsable)
        }
    }

    /// From the head of a request to the end of its body.
    private static let timeLimit = TimeAmount.seconds(15)

    private func tooLarge(_ context: IngressContext) -> OCPIError {
        context.closeSoon()
        return OCPIError(code: .clientError, message: "The body is longer than \(limit) bytes", kind: .tooLarge)
    }
}
