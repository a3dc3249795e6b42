import Directory
import Encoding
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OCPI

/// Admits only calls with the operator's key. A wrong key is logged, without its text, and its answer is delayed, longer each time; answers
/// to the right key are never delayed. Per client a limited number of answers are delayed at a time; further wrong keys meanwhile get 429.
struct AdminKey<Context: RequestContext>: RouterMiddleware {
    let hash: String
    let wrong: WrongKeys
    let logger: Logger
    private let held = HeldAnswers()

    init(hash: String, wrong: WrongKeys, logger: Logger) {
        self.hash = hash
        self.wrong = wrong
        self.logger = logger
    }

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        // Keys are compared by SHA-256, so that the duration reveals nothing about the key.
        let presented = request.headers[.authorization].map(Token.readings(authorization:)) ?? []
        guard presented.contains(where: { TokenHash.of($0) == hash }) else {
            let address = (context as? any RemoteAddressRequestContext)?.remoteAddress?.ipAddress ?? ""
            if !presented.isEmpty, let busy = try await holdBack(IPAddress.clientKey(address)) { return busy }
            var answer = problem(.unauthorized, "send the operator's key as 'Authorization: Token <key>'")
            answer.headers[.wwwAuthenticate] = "Token"
            return answer
        }
        return try await next(request, context)
    }

    /// - Returns: an answer to send at once; nil after the delay.
    private func holdBack(_ client: String) async throws -> Response? {
        let (count, delay) = wrong.note(client, now: .now())
        // Only the 1st, 2nd, 4th, 8th … are logged, so that guessing does not fill the log.
        if count & (count - 1) == 0 {
            logger.warning("a wrong admin key", metadata: ["address": "\(client)", "times": "\(count)"])
        }
        guard held.enter(client) else {
            var answer = problem(.tooManyRequests, "too many wrong keys from this address; try again later")
            answer.headers[.retryAfter] = String(delay.components.seconds + 1)
            return answer
        }
        defer { held.leave(client) }
        try await Task.sleep(for: delay)
        return nil
    }
}

func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: value.encoded()))
}

func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
    json(status, ["error": .string(message)])
}
