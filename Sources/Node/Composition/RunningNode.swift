package import Logging
import ServiceLifecycle
package import Telemetry

/// A node in this process, started and stopped by other code: the demo, and tests.
package struct RunningNode: Sendable {
    /// The results of its probes.
    let health: Health
    private let group: ServiceGroup
    private let ended: Task<Void, any Error>

    /// Starts all its roles and returns when it is ready.
    /// - Throws: the error that ended it; `CancellationError` if this task is cancelled meanwhile. No role runs then.
    package static func start(_ configuration: NodeConfiguration, metrics: PrometheusMetrics, logger: Logger) async throws -> RunningNode {
        let (ready, signal) = AsyncStream<Void>.makeStream()
        let node = NodeService(configuration, metrics: metrics, logger: logger) { signal.yield() }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [.init(service: node)], logger: logger))
        // The task outlives this call: the node runs until `stop`, which waits for the task.
        let ended = Task {
            defer { signal.finish() }
            try await group.run()
        }
        let running = RunningNode(health: node.health, group: group, ended: ended)
        var readiness = ready.makeAsyncIterator()
        if await readiness.next() != nil { return running }
        // The stream has ended, because the node has ended or because this task was cancelled.
        await group.triggerGracefulShutdown()
        try await ended.value
        throw CancellationError()
    }

    /// Stops it and returns when it has ended.
    package func stop() async {
        await group.triggerGracefulShutdown()
        _ = await ended.result
    }
}
