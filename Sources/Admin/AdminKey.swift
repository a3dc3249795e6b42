import Directory
import HTTPTypes
import Hummingbird
import OCPI
import Wire

/// Lets only the operator in.
struct AdminKey<Context: RequestContext>: RouterMiddleware {
    let hash: String

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        // Compared by SHA-256: how long this takes says nothing about the key.
        let presented = request.headers[.authorization].map(Token.readings(authorization:)) ?? []
        guard presented.contains(where: { TokenHash.of($0) == hash }) else {
            var refusal = problem(.unauthorized, "send the operator's key as 'Authorization: Token <key>'")
            refusal.headers[.wwwAuthenticate] = "Token"
            return refusal
        }
        return try await next(request, context)
    }
}

func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: value.encoded()))
}

func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
    json(status, ["error": .string(message)])
}
