/// The limits of one listener: connections, durations and memory.
package struct InboundLimits: Sendable {
    /// The most open connections; further ones wait in the system's backlog.
    package var connections: Int
    /// The most connections of one client address (see `IPAddress.clientKey`); further ones are closed at once. Does not apply to
    /// ``trustedProxies``.
    package var connectionsPerAddress: Int
    /// Proxies whose X-Forwarded-For names the client.
    package var trustedProxies = TrustedProxies()
    /// The longest head of a request, in bytes.
    package var headBytes = 64 * 1024
    /// The time limit from the first byte of a request to the end of its head, and from the opening of a connection to the end of its first
    /// head.
    package var head = Duration.seconds(15)
    /// The time limit from the end of a request's head to its end.
    package var body = Duration.seconds(15)
    /// The time after which a connection without a request is closed. It exceeds the 60 s that proxies usually allow, so that the proxy
    /// closes first and never sends a request into a closed connection.
    package var idle = Duration.seconds(75)
    /// The time within which a client must take ``progress`` bytes of the waiting answer, or all of it.
    package var write = Duration.seconds(20)
    /// The bytes that a client must take within ``write``.
    package var progress = 64 * 1024
    /// The time within which a client must take a whole answer.
    package var answer = Duration.seconds(60)
    /// The most bytes of waiting answers, on all connections together; one client may use a quarter.
    package var answerBytes = 256 * 1024 * 1024
    /// The most unanswered requests of one connection; later ones are not read.
    package var pipelined = 16
    /// How long a connection that this side has closed is still read, so that its last answer is not lost (RFC 9112, 9.6).
    package var linger = Duration.seconds(2)

    /// - Parameter connectionsPerAddress: nil for half of the connections.
    package init(connections: Int = 10_000, connectionsPerAddress: Int? = nil) {
        self.connections = max(1, connections)
        self.connectionsPerAddress = max(1, connectionsPerAddress ?? connections / 2)
    }
}
