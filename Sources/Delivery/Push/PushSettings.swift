package import Notary

/// What an operator can change about PUSH.
package struct PushSettings: Sendable {
    /// Signs messages to other nodes; its address is this node's operator address.
    package var nodeKey: SigningKey
    /// Copies under way per service.
    package var copiesPerRecipient: Int
    /// Bytes held per partition before reading it pauses.
    package var bytesPerPartition: Int
    /// First wait of a failing copy; it doubles from there, with a fifth of jitter.
    package var backoffBase: Duration
    /// Longest wait of a failing copy, unless the service asks for more.
    package var backoffCap: Duration
    /// Longest wait that a service can ask for with `Retry-After`.
    package var retryAfterCap: Duration
    /// How long a copy is tried, from the time of the original request.
    package var horizon: Duration
    /// How long a service may take to answer.
    package var requestTimeout: Duration

    /// - Parameters: as the properties say.
    package init(
        nodeKey: SigningKey, copiesPerRecipient: Int = 32, bytesPerPartition: Int = 4 * 1024 * 1024,
        backoffBase: Duration = .milliseconds(500), backoffCap: Duration = .seconds(60), retryAfterCap: Duration = .seconds(3600),
        horizon: Duration = .seconds(72 * 3600), requestTimeout: Duration = .seconds(30)
    ) {
        self.nodeKey = nodeKey
        self.copiesPerRecipient = copiesPerRecipient
        self.bytesPerPartition = bytesPerPartition
        self.backoffBase = backoffBase
        self.backoffCap = backoffCap
        self.retryAfterCap = retryAfterCap
        self.horizon = horizon
        self.requestTimeout = requestTimeout
    }
}
