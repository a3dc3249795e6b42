import Hummingbird

/// Refuses what would have to be written while Kafka cannot be used: at once, not after waiting for it. What is only read goes on.
struct WritesNeedKafka<Context: RequestContext>: RouterMiddleware {
    let isKafkaAway: @Sendable () -> Bool

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard request.method != .get, request.method != .head, isKafkaAway() else { return try await next(request, context) }
        var answer = problem(.serviceUnavailable, "Kafka cannot be used at the moment; nothing was changed. Try again when /ready says so")
        answer.headers[.retryAfter] = "5"
        return answer
    }
}
