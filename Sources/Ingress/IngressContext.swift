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

    /// Gives the client a moment to read the response, then closes: it would otherwise go on sending a body that nobody wants.
    func closeSoon() {
        guard let channel else { return }
        _ = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
