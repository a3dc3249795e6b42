package import Notary

/// The settings of PUSH.
package struct PushSettings: Sendable {
    /// Signs messages to other nodes. Its address is the operator address of this node.
    package var nodeKey: SigningKey
    /// Maximum number of running copies and announcements per recipient.
    package var copiesPerRecipient: Int
    /// Bytes held per partition of an outbox at which reading pauses.
    package var bytesPerPartition: Int
    /// The first delay after a failure. It doubles from there, with 20 % jitter.
    package var backoffBase: Duration
    /// The longest delay after a failure, unless the recipient asks for more.
    package var backoffCap: Duration
    /// The longest delay that a recipient can ask for with `Retry-After`.
    package var retryAfterCap: Duration
    /// The time after which a copy expires, from the time of the original request.
    package var horizon: Duration
    /// Timeout of a call to a recipient.
    package var requestTimeout: Duration
    /// The time after which an announcement expires, from the time of the change that it announces.
    package var announcementHorizon: Duration
    /// Maximum number of announcements held per recipient, running ones included. Further ones are dropped.
    package var announcementsPerRecipient: Int
    /// Maximum bytes of announcements held per recipient, plus 2 KiB each. A single larger announcement is still held.
    package var announcementBytesPerRecipient: Int
    /// Maximum bytes of announcements held per process. One recipient may hold at most an eighth of the bytes that are still free.
    package var announcementBytes: Int
    /// Maximum number of expired copies that a process writes to `ocn.dead` per second, because an outage makes many copies expire at once.
    /// Rejected copies are not counted.
    package var expiredPerSecond: Int
    /// Settings of the recipients' breakers.
    package var breaker: BreakerSettings

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
