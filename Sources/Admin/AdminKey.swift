import Directory
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OCPI
import Wire

/// Lets only the operator in. A wrong key is logged, without its text, and its answer is held back, longer each time; a right one never is.
struct AdminKey<Context: RequestContext>: RouterMiddleware {
    let hash: String
    let wrong: WrongKeys
    let logger: Logger

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        // Compared by SHA-256: how long this takes says nothing about the key.
        let presented = request.headers[.authorization].map(Token.readings(authorization:)) ?? []
        guard presented.contains(where: { TokenHash.of($0) == hash }) else {
            if !presented.isEmpty { try await holdBack((context as? any RemoteAddressRequestContext)?.remoteAddress?.ipAddress ?? "") }
            var answer = problem(.unauthorized, "send the operator's key as 'Authorization: Token <key>'")
            answer.headers[.wwwAuthenticate] = "Token"
            return answer
        }
        return try await next(request, context)
    }

    private func holdBack(_ address: String) async throws {
        let (count, delay) = wrong.note(address, now: .now())
        // The first, and then ever fewer: whoever tries them all must not fill the log.
        if count & (count - 1) == 0 {
            logger.warning("a wrong admin key", metadata: ["address": "\(address)", "times": "\(count)"])
        }
        try await Task.sleep(for: delay)
    }
}

func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: value.encoded()))
}

func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
    json(status, ["error": .string(message)])
}
