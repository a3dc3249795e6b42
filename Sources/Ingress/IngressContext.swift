package import Hummingbird
import Inbound
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

    /// Runs `body`, which reads the request's body; it fails if that takes longer than `limit`: a client that drips it in would hold its
    /// place for as long as it likes.
    func within<Value>(_ limit: TimeAmount, _ body: () async throws -> Value) async rethrows -> Value {
        guard let channel else { return try await body() }
        let timer = channel.eventLoop.scheduleTask(in: limit) { channel.giveUpBody() }
        defer { timer.cancel() }
        return try await body()
    }
}
