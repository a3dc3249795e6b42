import HTTPTypes
package import Hummingbird
import NIOCore

/// Adds the routes for a supervisor and Prometheus. They belong on the private listener, because the answers show internals.
///
/// * `GET /metrics`: text exposition 0.0.4.
/// * `GET /health`: 200 `OK`, or 503 with the reason when only a restart helps.
/// * `GET /ready`: 200 or 503 with the checks as JSON.
package func addProbeRoutes<Context: RequestContext>(
    to router: some RouterMethods<Context>, metrics: PrometheusMetrics, health: Health
) {
    router.get("metrics") { _, _ in
        answer(.ok, "text/plain; version=0.0.4; charset=utf-8", metrics.render())
    }
    router.get("health") { _, _ in
        let reason = health.fatalReason
        return answer(reason == nil ? .ok : .serviceUnavailable, "text/plain; charset=utf-8", ByteBuffer(string: reason ?? "OK"))
    }
    router.get("ready") { _, _ in
        let (ready, json) = health.render()
        return answer(ready ? .ok : .serviceUnavailable, "application/json", json)
    }
}

private func answer(_ status: HTTPResponse.Status, _ contentType: String, _ body: ByteBuffer) -> Response {
    Response(status: status, headers: [.contentType: contentType, .cacheControl: "no-store"], body: ResponseBody(byteBuffer: body))
}
