package import Hummingbird
import Inbound
import NIOCore

/// The connection that a request came from.
package struct IngressContext: InitializableFromSource {
    /// The connection; nil in tests.
    let channel: (any Channel)?
    /// The remote address of the connection. `TrustedProxies` derives the client's address from it.
    let address: String

    /// Called by Hummingbird.
    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
        address = source.channel.remoteAddress?.ipAddress ?? ""
    }

    /// A context without a connection, for tests.
    package init(address: String = "") {
        channel = nil
        self.address = address
    }

    /// Runs `body`, which reads the request's body. It fails if that takes longer than `limit`, or without progress for `pause`, because a
    /// client that sends slowly or stops would hold its resources for any time.
    func within<Value>(
        _ limit: TimeAmount, pause: TimeAmount, _ body: (_ progress: () -> Void) async throws -> Value
    ) async rethrows -> Value {
        guard let channel else { return try await body {} }
        func giveUp(in time: TimeAmount) -> Scheduled<Void> { channel.eventLoop.scheduleTask(in: time) { channel.abortBody() } }
        let whole = giveUp(in: limit)
        var next = giveUp(in: pause)
        defer {
            whole.cancel()
            next.cancel()
        }
        return try await body {
            next.cancel()
            next = giveUp(in: pause)
        }
    }
}
