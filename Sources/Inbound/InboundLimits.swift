/// What one listener bears: how many connections, how long each may take for what, and how much may wait in memory.
package struct InboundLimits: Sendable {
    /// Most open connections; further ones wait in the system's backlog.
    package var connections: Int
    /// Most of them from one client address (see `IPAddress.clientKey`); further ones are closed at once. Not of ``trustedProxies``.
    package var connectionsPerAddress: Int
    /// Proxies that say in X-Forwarded-For where their clients are.
    package var trustedProxies = TrustedProxies()
    /// Longest head of a request that is read, bytes.
    package var headBytes = 64 * 1024
    /// From the first byte of a request to the end of its head; also from the opening of a connection to the end of its first one.
    package var head = Duration.seconds(15)
    /// From the end of a request's head to its end.
    package var body = Duration.seconds(15)
    /// A connection without a request is closed after this: longer than the 60 s for which proxies usually keep theirs, so that it is the
    /// proxy that closes, and never sends a request into a closed one.
    package var idle = Duration.seconds(75)
    /// A client must take ``progress`` bytes of what waits for it within this, or all of it.
    package var write = Duration.seconds(20)
    /// What a client must take within ``write``, bytes.
    package var progress = 64 * 1024
    /// A client must take a whole answer within this.
    package var answer = Duration.seconds(60)
    /// Most bytes of answers that wait to be taken, on all connections together; of one client a quarter of them.
    package var answerBytes = 256 * 1024 * 1024
    /// Most requests of one connection that came and are not answered; what comes after them is not read.
    package var pipelined = 16
    /// How long a connection that this side has closed is still read, so that its last answer is not lost (RFC 9112, 9.6).
    package var linger = Duration.seconds(2)

    /// - Parameters: as the properties say; one address gets half of the connections.
    package init(connections: Int = 10_000, connectionsPerAddress: Int? = nil) {
        self.connections = max(1, connections)
        self.connectionsPerAddress = max(1, connectionsPerAddress ?? connections / 2)
    }
}
