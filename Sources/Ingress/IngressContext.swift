package import Hummingbird
import Inbound
import NIOCore

/// What the responder knows of the connection.
package struct IngressContext: InitializableFromSource {
    /// The connection; nil in tests.
    let channel: (any Channel)?
    /// The other end of the connection; for whom it speaks, `TrustedProxies` tells.
    let address: String

    /// For Hummingbird.
    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
        address = source.channel.remoteAddress?.ipAddress ?? ""
    }

    /// Without a connection, for tests.
    package init(address: String = "") {
        channel = nil
        self.address = address
    }

    /// Runs `body`, which reads the request's body; it fails if that takes longer than `limit`, or if there is no progress for `pause`: a
    /// client that drips it in, or stops, would hold its place for as long as it likes.
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
