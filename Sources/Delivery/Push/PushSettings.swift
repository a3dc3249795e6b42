package import Notary

/// What an operator can change about PUSH.
package struct PushSettings: Sendable {
    /// Signs messages to other nodes; its address is this node's operator address.
    package var nodeKey: SigningKey
    /// Copies and announcements under way per recipient.
    package var copiesPerRecipient: Int
    /// Bytes held per partition of an outbox before reading it pauses.
    package var bytesPerPartition: Int
    /// First wait of a failing record; it doubles from there, with a fifth of jitter.
    package var backoffBase: Duration
    /// Longest wait of a failing record, unless the recipient asks for more.
    package var backoffCap: Duration
    /// Longest wait that a recipient can ask for with `Retry-After`.
    package var retryAfterCap: Duration
    /// How long a copy is tried, from the time of the original request.
    package var horizon: Duration
    /// How long a recipient may take to answer.
    package var requestTimeout: Duration
    /// How long an announcement is tried, from the time of what it tells.
    package var announcementHorizon: Duration
    /// Announcements that may wait for one recipient, those under way included; further ones are dropped.
    package var announcementsPerRecipient: Int
    /// Their bytes, each with 2 KiB of its own; a single larger one may wait all the same.
    package var announcementBytesPerRecipient: Int
    /// Bytes of announcements that may wait in a process. Nobody may let wait more than an eighth of what is still free of them.
    package var announcementBytes: Int
    /// Copies past their horizon that a process may write to `ocn.dead` per second: an outage ends in a trickle, not in a flood. Copies
    /// that a recipient refuses for good are not counted.
    package var expiredPerSecond: Int
    /// When a recipient is left alone.
    package var breaker: BreakerSettings

    /// - Parameters: as the properties say.
    package init(
        nodeKey: SigningKey, copiesPerRecipient: Int = 32, bytesPerPartition: Int = 4 * 1024 * 1024,
        backoffBase: Duration = .milliseconds(500), backoffCap: Duration = .seconds(60), retryAfterCap: Duration = .seconds(3600),
        horizon: Duration = .seconds(72 * 3600), requestTimeout: Duration = .seconds(30),
        announcementHorizon: Duration = .seconds(600), announcementsPerRecipient: Int = 1000,
        announcementBytesPerRecipient: Int = 1024 * 1024, announcementBytes: Int = 64 * 1024 * 1024, expiredPerSecond: Int = 100,
        breaker: BreakerSettings = BreakerSettings()
    ) {
        self.nodeKey = nodeKey
        self.copiesPerRecipient = copiesPerRecipient
        self.bytesPerPartition = bytesPerPartition
        self.backoffBase = backoffBase
        self.backoffCap = backoffCap
        self.retryAfterCap = retryAfterCap
        self.horizon = horizon
        self.requestTimeout = requestTimeout
        self.announcementHorizon = announcementHorizon
        self.announcementsPerRecipient = announcementsPerRecipient
        self.announcementBytesPerRecipient = announcementBytesPerRecipient
        self.announcementBytes = announcementBytes
        self.expiredPerSecond = expiredPerSecond
        self.breaker = breaker
    }
}
