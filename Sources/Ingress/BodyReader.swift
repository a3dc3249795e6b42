import Hummingbird
import Inbound
import NIOCore
import NIOHTTP1
import OCPI

/// Reads request bodies within the node's limits.
struct BodyReader: Sendable {
    let pending: PendingReplies
    let unauthenticated = UnauthenticatedBudget()
    /// Maximum bytes of a body.
    let limit: Int
    /// Determines client addresses behind proxies.
    let proxies: TrustedProxies

    /// Counts the request as pending, reads the body and passes it to `use`; nil if there is none. Bytes count when they arrive, not when
    /// they are announced.
    /// - Parameters:
    ///   - platform: the sender, whose quota the request counts against.
    ///   - isOpaque: the body is not parsed here, so a Content-Encoding is accepted.
    /// - Throws: 413 for a body over the limit, announced or not; 415 for a Content-Encoding; 503 when a limit of pending requests is
    ///   reached; 400 for malformed HTTP; 408 for a timeout.
    func withBody<Result: Sendable>(
        of request: Request, _ head: RequestHead, from platform: String, isOpaque: Bool = false,
        _ use: (ByteBuffer?) async throws -> Result
    ) async throws -> Result {
        if !isOpaque { try BodyReader.checkCoding(head) }
        guard head.contentLength ?? 0 <= limit else { throw tooLarge(limit) }
        guard pending.reserve(for: platform) else { throw OCPIError.busy }
        var held = 0
        defer { pending.release(bytes: held, of: platform) }
        let body = try await collect(request, upTo: limit, &held) { pending.charge($0, to: platform) }
        return try await use(held > 0 ? body : nil)
    }

    /// Like ``withBody(of:_:from:isOpaque:_:)`` for a request whose sender is only known from its body. The body is read within the budget
    /// of unauthenticated callers, and the request counts as pending once `identify` has returned the sender.
    /// - Parameters:
    ///   - longest: maximum bytes; nil for ``limit``.
    ///   - identify: returns the sender; throws if it is unknown.
    ///   - name: the name of the sender, whose quota the body counts against from then on.
    func withBody<Sender: Sendable, Result: Sendable>(
        of request: Request, _ head: RequestHead, _ context: IngressContext, upTo longest: Int? = nil,
        identify: (ByteBuffer?) async throws -> Sender, name: (Sender) -> String, _ use: (Sender) async throws -> Result
    ) async throws -> Result {
        try BodyReader.checkCoding(head)
        let longest = longest ?? limit
        guard head.contentLength ?? 0 <= longest else { throw tooLarge(longest) }
        let (sender, bytes) = try await identified(request, context, longest, identify)
        guard pending.reserve(for: name(sender)) else { throw OCPIError.busy }
        var held = 0
        defer { pending.release(bytes: held, of: name(sender)) }
        guard pending.charge(bytes, to: name(sender)) else { throw OCPIError.busy }
        held = bytes
        return try await use(sender)
    }

    /// The client address of a request, by which unauthenticated callers are distinguished.
    func client(of request: Request, _ context: IngressContext) -> String { proxies.client(of: request.headers, from: context.address) }

    private func identified<Sender: Sendable>(
        _ request: Request, _ context: IngressContext, _ longest: Int, _ identify: (ByteBuffer?) async throws -> Sender
    ) async throws -> (Sender, bytes: Int) {
        let client = client(of: request, context)
        guard unauthenticated.enter(client) else { throw OCPIError.busy }
        var held = 0
        defer { unauthenticated.leave(client, bytes: held) }
        let body = try await context.within(unauthenticated.limits.time, pause: unauthenticated.limits.pause) { progress in
            try await collect(request, upTo: longest, &held) { bytes in
                progress()
                return unauthenticated.charge(bytes, of: client)
            }
        }
        return (try await identify(held > 0 ? body : nil), held)
    }

    /// - Parameters:
    ///   - longest: maximum bytes.
    ///   - held: the bytes that were charged, also if it throws.
    ///   - charge: returns `false` when a limit does not allow that many more bytes.
    private func collect(_ request: Request, upTo longest: Int, _ held: inout Int, charge: (Int) -> Bool) async throws -> ByteBuffer {
        var body = ByteBuffer()
        do {
            for try await part in request.body {
                guard part.readableBytes <= longest - held else { throw tooLarge(longest) }
                guard charge(part.readableBytes) else { throw OCPIError.busy }
                held += part.readableBytes
                if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
            }
        } catch {
            throw BodyReader.ocpiError(error)
        }
        return body
    }

    /// Bodies are not decoded here: a few bytes could expand to very many, and a signature covers the decoded content.
    private static func checkCoding(_ head: RequestHead) throws(OCPIError) {
        guard head.contentEncoding != nil, head.contentLength ?? 0 > 0 || head.isChunked else { return }
        throw OCPIError(code: .clientError, message: "The body has a Content-Encoding; send it without", kind: .coded)
    }

    /// The OCPI error for a failure to read a body.
    static func ocpiError(_ error: any Error) -> OCPIError {
        switch error {
        case let error as OCPIError: error
        case let error as HTTPParserError: OCPIError(code: .clientError, message: HTTPRefusal(error).message, kind: .unparsable)
        case let refusal as HTTPRefusal: OCPIError(code: .clientError, message: refusal.message, kind: .overdue)
        default: OCPIError(code: .clientError, message: "The body did not arrive", kind: .unparsable)
        }
    }

    func tooLarge(_ longest: Int) -> OCPIError {
        OCPIError(code: .clientError, message: "The body is longer than \(longest) bytes", kind: .tooLarge)
    }
}
