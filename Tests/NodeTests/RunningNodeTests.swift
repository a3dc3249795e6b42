import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Support
import Telemetry
import Testbed
import Testing

@testable import Node

@Suite struct RunningNodeTests {
    /// A configuration with an address where no Kafka answers, so that the node waits.
    private func waiting() throws -> NodeConfiguration {
        try NodeConfiguration.local(number: 1, bootstrap: "127.0.0.1:\(try FreePorts.one())", ports: FreePorts.two())
    }

    private var quiet: Logger { Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() } }

    /// Otherwise one of the demo's nodes that cannot start would make the demo wait forever for the other one.
    @Test(.timeLimit(.minutes(5))) func aStartThatNobodyWaitsForAnyMoreStopsTheNode() async throws {
        let (configuration, logger) = (try waiting(), quiet)
        let start = Task { try await RunningNode.start(configuration, metrics: PrometheusMetrics(), logger: logger) }
        try await eventually("its probes answer") {
            try await HTTPClient.shared.get(url: "http://127.0.0.1:\(configuration.privatePort)/health").get().status == .ok
        }
        start.cancel()
        await #expect(throws: CancellationError.self) { _ = try await start.value }
        // Its listener is closed: another one can open the port, even while connections of the old one are ending.
        let port = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        try await port.bind(host: "127.0.0.1", port: configuration.privatePort).get().close()
    }

    @Test(.timeLimit(.minutes(5))) func aNodeThatCannotStartSaysWhy() async throws {
        let configuration = try waiting()
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: configuration.privatePort).get()
        let reason = await #expect(throws: (any Error).self) {
            _ = try await RunningNode.start(configuration, metrics: PrometheusMetrics(), logger: quiet)
        }
        #expect("\(try #require(reason))".contains("http.private.port"))
        try await taken.close()
    }
}
