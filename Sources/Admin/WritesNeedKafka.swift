import Hummingbird

/// Refuses write calls at once while Kafka is unavailable, instead of after a timeout. Read calls are still served.
struct WritesNeedKafka<Context: RequestContext>: RouterMiddleware {
    let isKafkaUnavailable: @Sendable () -> Bool

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard request.method != .get, request.method != .head, isKafkaUnavailable() else { return try await next(request, context) }
        var answer = problem(.serviceUnavailable, "Kafka cannot be used at the moment; nothing was changed. Try again when /ready says so")
        answer.headers[.retryAfter] = "5"
        return answer
    }
}
