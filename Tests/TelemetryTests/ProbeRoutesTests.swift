import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore
import Synchronization
import Testing

@testable import Telemetry

@Suite struct ProbeRoutesTests {
    private let metrics = PrometheusMetrics(includesProcess: false)
    private let health = Health(expecting: ["kafka"])

    struct Origin: RequestContextSource {
        let logger = Logger(label: "test")
    }

    struct Context: RequestContext {
        typealias Source = Origin
        var coreContext: CoreRequestContextStorage

        init(source: Origin) {
            coreContext = CoreRequestContextStorage(source: source)
        }
    }

    private final class Body: ResponseBodyWriter, Sendable {
        private let bytes = Mutex(ByteBuffer())

        func write(_ buffer: ByteBuffer) {
            bytes.withLock { _ = $0.writeImmutableBuffer(buffer) }
        }

        func finish(_ trailingHeaders: HTTPFields?) {}

        var text: String {
            bytes.withLock { String(buffer: $0) }
        }
    }

    private func get(_ path: String) async throws -> (status: Int, type: String?, body: String) {
        let router = Router(context: Context.self)
        addProbeRoutes(to: router, metrics: metrics, health: health)
        let head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: path)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let response = try await router.buildResponder().respond(to: request, context: Context(source: Origin()))
        let body = Body()
        try await response.body.write(body)
        return (response.status.code, response.headers[.contentType], body.text)
    }

    @Test func metricsAreTextExposition() async throws {
        Counter(label: "sent", factory: metrics).increment()
        let answer = try await get("/metrics")
        #expect(answer.status == 200)
        #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.body == String(buffer: metrics.render()))
        #expect(answer.body.contains("\nsent_total 1\n"))
    }

    @Test func healthIsOKUntilOnlyARestartHelps() async throws {
        #expect(try await get("/health") == (200, "text/plain; charset=utf-8", "OK"))
        health.fail("producer fenced")
        #expect(try await get("/health") == (503, "text/plain; charset=utf-8", "producer fenced"))
    }

    @Test func readyFollowsTheChecks() async throws {
        let waiting = #"{"ready":false,"checks":[{"name":"kafka","ready":false,"reason":"starting"}]}"#
        #expect(try await get("/ready") == (503, "application/json", waiting))
        health.set("kafka", ready: true)
        #expect(try await get("/ready") == (200, "application/json", #"{"ready":true,"checks":[{"name":"kafka","ready":true}]}"#))
    }
}
