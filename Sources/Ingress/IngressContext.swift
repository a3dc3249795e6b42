package import Hummingbird
import NIOCore

/// What the responder knows of the connection.
package struct IngressContext: InitializableFromSource {
    /// The connection; nil in tests.
    let channel: (any Channel)?

    /// For Hummingbird.
    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }

    /// Without a connection, for tests.
    package init() {
        channel = nil
    }

    /// Where the client is, as far as the connection tells; a proxy's clients have one address.
    var address: String { channel?.remoteAddress?.ipAddress ?? "" }

    /// Runs `body`, and closes the connection if that takes longer than `limit`: a client that drips its body in would hold its place
    /// among the pending requests for as long as it likes.
    func within<Value>(_ limit: TimeAmount, _ body: () async throws -> Value) async rethrows -> Value {
        guard let channel else { return try await body() }
        let timer = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        defer { timer.cancel() }
        return try await body()
    }

    /// Gives the client a moment to read the response, then closes: it would otherwise go on sending a body that nobody wants.
    func closeSoon() {
        guard let channel else { return }
        _ = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
