package import Notary
import Topics

/// The settings of EXCHANGE that an operator can change.
package struct ExchangeSettings: Sendable {
    /// The URL at which parties reach this node, e.g. `https://node.example.com`.
    package var publicURL: String
    /// Signs messages to other nodes; its address is this node's operator address.
    package var nodeKey: SigningKey
    /// Concurrent calls per recipient; further requests wait.
    package var callsPerRecipient: Int
    /// Bytes of concurrent calls per recipient.
    package var bytesPerRecipient: Int
    /// Concurrent calls in this process.
    package var callsInTotal: Int
    /// Bytes of concurrent calls in this process.
    package var bytesInTotal: Int
    /// Waiting requests per recipient, at most an eighth of the free part of the total; further requests are answered 4003 at once.
    package var waitingPerRecipient: Int
    /// Bytes of waiting requests per recipient, with the same bound.
    package var waitingBytesPerRecipient: Int
    /// Waiting requests in this process.
    package var waitingInTotal: Int
    /// Bytes of waiting requests in this process.
    package var waitingBytesInTotal: Int
    /// Time limit of a request that has no deadline.
    package var defaultTimeout: Duration
    /// How much earlier than the caller's deadline the recipient's ends.
    package var margin: Duration
    /// Lifetime of a next-page URL that contains its target.
    package var pageLifetime: Duration
    /// Lifetime of a next-page URL that needs an entry in the store.
    package var storedPageLifetime: Duration
    /// Lifetime of a CDR's location URL.
    package var objectLifetime: Duration
    /// Lifetime of a `response_url`.
    package var callbackLifetime: Duration
    /// How long an answer is kept for a caller that repeats a request which must not be carried out twice.
    package var repeatWindow: Duration
    /// Answers kept in this process; above it the oldest answers of the account with the most are dropped.
    package var rememberedAnswers: Int
    /// Bytes of all answers kept in this process; one answer takes at most a quarter.
    package var rememberedBytes: Int
    /// When calls to a recipient that does not answer are stopped: its requests are then answered 4003 at once.
    package var breaker: BreakerSettings

    package init(
        publicURL: String, nodeKey: SigningKey, callsPerRecipient: Int = 64, bytesPerRecipient: Int = 16 * 1024 * 1024,
        callsInTotal: Int = 8192, bytesInTotal: Int = 256 * 1024 * 1024, waitingPerRecipient: Int = 512,
        waitingBytesPerRecipient: Int = 8 * 1024 * 1024, waitingInTotal: Int = 8192, waitingBytesInTotal: Int = 128 * 1024 * 1024,
        defaultTimeout: Duration = .seconds(30), margin: Duration = .milliseconds(500), pageLifetime: Duration = .seconds(86_400),
        storedPageLifetime: Duration = .seconds(2 * 3600),
        objectLifetime: Duration = .seconds(400 * 86_400), callbackLifetime: Duration = .seconds(86_400),
        repeatWindow: Duration = IdempotencyKey.window, rememberedAnswers: Int = 100_000, rememberedBytes: Int = 64 * 1024 * 1024,
        breaker: BreakerSettings = BreakerSettings()
    ) {
        self.publicURL = publicURL
        self.nodeKey = nodeKey
        self.callsPerRecipient = callsPerRecipient
        self.bytesPerRecipient = bytesPerRecipient
        self.callsInTotal = callsInTotal
        self.bytesInTotal = bytesInTotal
        self.waitingPerRecipient = waitingPerRecipient
        self.waitingBytesPerRecipient = waitingBytesPerRecipient
        self.waitingInTotal = waitingInTotal
        self.waitingBytesInTotal = waitingBytesInTotal
        self.defaultTimeout = defaultTimeout
        self.margin = margin
        self.pageLifetime = pageLifetime
        self.storedPageLifetime = storedPageLifetime
        self.objectLifetime = objectLifetime
        self.callbackLifetime = callbackLifetime
        self.repeatWindow = repeatWindow
        self.rememberedAnswers = rememberedAnswers
        self.rememberedBytes = rememberedBytes
        self.breaker = breaker
    }
}
