import Hummingbird
import Inbound
import NIOCore
import NIOHTTP1
import OCPI

/// Reads request bodies within the node's limits.
struct BodyIntake: Sendable {
    let pending: PendingReplies
    let strangers = StrangerBudget()
    /// Bytes of one body.
    let limit: Int

    /// Holds a place among the pending requests, reads the body and goes on with it; nil for none.
    /// - Parameter isOpaque: nobody here looks into it, so it may be coded.
    /// - Throws: 413 for a longer body, also one whose length was not announced; 415 for a coded one; 503 when all places are taken; 400 for
    ///   broken HTTP; 408 for one that does not come in time.
    func withBody<Result: Sendable>(
        of request: Request, _ head: RequestHead, _ context: IngressContext, isOpaque: Bool = false,
        _ use: (ByteBuffer?) async throws -> Result
    ) async throws -> Result {
        if !isOpaque { try BodyIntake.checkCoding(head) }
        var held = max(0, head.contentLength ?? (head.isChunked ? limit : 0))
        guard held <= limit else { throw tooLarge(limit) }
        guard pending.reserve(bytes: held) else { throw OCPIError.busy }
        defer { pending.release(bytes: held) }
        let body = try await collect(request)
        pending.shrink(from: held, to: body.readableBytes)
        held = body.readableBytes
        return try await use(held > 0 ? body : nil)
    }

    /// As ``withBody(of:_:_:_:)``, where only the body says who sends it: it is read within a budget for strangers, and takes a place among
    /// the pending requests once `identify` knows the sender.
    /// - Parameters:
    ///   - longest: bytes; nil for ``limit``.
    ///   - identify: throws for whoever is nobody known.
    func withBody<Sender: Sendable, Result: Sendable>(
        of request: Request, _ head: RequestHead, _ context: IngressContext, upTo longest: Int? = nil,
        identify: (ByteBuffer?) async throws -> Sender, _ use: (Sender) async throws -> Result
    ) async throws -> Result {
        try BodyIntake.checkCoding(head)
        let longest = longest ?? limit
        guard head.contentLength ?? 0 <= longest else { throw tooLarge(longest) }
        let (sender, bytes) = try await identified(request, context, longest, identify)
        guard pending.reserve(bytes: bytes) else { throw OCPIError.busy }
        defer { pending.release(bytes: bytes) }
        return try await use(sender)
    }

    private func identified<Sender: Sendable>(
        _ request: Request, _ context: IngressContext, _ longest: Int, _ identify: (ByteBuffer?) async throws -> Sender
    ) async throws -> (Sender, bytes: Int) {
        let address = context.address
        guard strangers.enter(address) else { throw OCPIError.busy }
        var held = 0
        defer { strangers.leave(address, bytes: held) }
        var body = ByteBuffer()
        do {
            try await context.within(BodyIntake.strangersTimeLimit) {
                for try await part in request.body {
                    guard part.readableBytes <= longest - held else { throw tooLarge(longest) }
                    guard strangers.charge(part.readableBytes) else { throw OCPIError.busy }
                    held += part.readableBytes
                    body.writeImmutableBuffer(part)
                }
            }
        } catch {
            throw BodyIntake.understood(error)
        }
        return (try await identify(held > 0 ? body : nil), held)
    }

    private func collect(_ request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge(limit)
        } catch {
            throw BodyIntake.understood(error)
        }
    }

    /// What is read is not decoded: a few bytes could stand for very many, and whoever signed has signed what is inside.
    private static func checkCoding(_ head: RequestHead) throws(OCPIError) {
        guard head.contentEncoding != nil, head.contentLength ?? 0 > 0 || head.isChunked else { return }
        throw OCPIError(code: .clientError, message: "The body has a Content-Encoding; send it without", kind: .coded)
    }

    /// Why there is no body, in OCPI's words.
    static func understood(_ error: any Error) -> OCPIError {
        switch error {
        case let error as OCPIError: error
        case let error as HTTPParserError: OCPIError(code: .clientError, message: Refusal(error).message, kind: .unparsable)
        case let refusal as Refusal: OCPIError(code: .clientError, message: refusal.message, kind: .overdue)
        default: OCPIError(code: .clientError, message: "The body did not arrive", kind: .unparsable)
        }
    }

    /// For strangers, who hold one of few places; less than the listener gives everybody.
    private static let strangersTimeLimit = TimeAmount.seconds(5)

    func tooLarge(_ longest: Int) -> OCPIError {
        OCPIError(code: .clientError, message: "The body is longer than \(longest) bytes", kind: .tooLarge)
    }
}
