import Hummingbird
import Inbound
import NIOCore
import NIOHTTP1
import OCPI

/// Reads request bodies within the node's limits.
struct BodyReader: Sendable {
    let pending: PendingReplies
    let unauthenticated = UnauthenticatedBudget()
    /// Bytes of one body.
    let limit: Int
    /// Who says where clients are.
    let proxies: TrustedProxies

    /// Holds a place among the pending requests, reads the body and goes on with it; nil for none. Bytes count when they have arrived: what
    /// is only announced holds nothing.
    /// - Parameters:
    ///   - platform: whose request it is.
    ///   - isOpaque: nobody here looks into it, so it may be coded.
    /// - Throws: 413 for a longer body, also one whose length was not announced; 415 for a coded one; 503 when all places are taken; 400 for
    ///   broken HTTP; 408 for one that does not come in time.
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

    /// As ``withBody(of:_:from:isOpaque:_:)``, where only the body says who sends it: it is read within a budget for strangers, and takes a
    /// place among the pending requests once `identify` knows the sender.
    /// - Parameters:
    ///   - longest: bytes; nil for ``limit``.
    ///   - identify: throws for whoever is nobody known.
    ///   - name: of the sender, whose the body is from then on.
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

    /// The address that a request came from, by which strangers are told apart.
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
    ///   - longest: bytes.
    ///   - held: the bytes that were charged, also if it throws.
    ///   - charge: `false` when there is no room for so many bytes more.
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
            throw BodyReader.understood(error)
        }
        return body
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
        case let error as HTTPParserError: OCPIError(code: .clientError, message: HTTPRefusal(error).message, kind: .unparsable)
        case let refusal as HTTPRefusal: OCPIError(code: .clientError, message: refusal.message, kind: .overdue)
        default: OCPIError(code: .clientError, message: "The body did not arrive", kind: .unparsable)
        }
    }

    func tooLarge(_ longest: Int) -> OCPIError {
        OCPIError(code: .clientError, message: "The body is longer than \(longest) bytes", kind: .tooLarge)
    }
}
