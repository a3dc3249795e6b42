package import Notary
import Topics

/// What an operator can change about EXCHANGE.
package struct ExchangeSettings: Sendable {
    /// Where parties reach this node, e.g. `https://node.example.com`.
    package var publicURL: String
    /// Signs messages to other nodes; its address is this node's operator address.
    package var nodeKey: SigningKey
    /// Calls under way per recipient; beyond it a request waits.
    package var callsPerRecipient: Int
    /// Bytes under way per recipient.
    package var bytesPerRecipient: Int
    /// Calls under way in this process.
    package var callsInTotal: Int
    /// Bytes under way in this process.
    package var bytesInTotal: Int
    /// Requests that wait per recipient, never more than an eighth of what is free of the total; beyond it a request is answered 4003 at
    /// once.
    package var waitingPerRecipient: Int
    /// Bytes that wait per recipient, likewise.
    package var waitingBytesPerRecipient: Int
    /// Requests that wait for their recipients in this process.
    package var waitingInTotal: Int
    /// Bytes that wait for their recipients in this process.
    package var waitingBytesInTotal: Int
    /// Deadline of a request that has none.
    package var defaultTimeout: Duration
    /// How much earlier than the caller's deadline the recipient's ends.
    package var margin: Duration
    /// How long the URL of a next page works that carries what it stands for.
    package var pageLifetime: Duration
    /// The same of one that takes a place in the store.
    package var storedPageLifetime: Duration
    /// How long the location of a CDR works.
    package var objectLifetime: Duration
    /// How long a `response_url` works.
    package var callbackLifetime: Duration
    /// How long an answer is remembered for a caller that repeats a request which must not be done twice.
    package var repeatWindow: Duration
    /// Answers remembered in this process; beyond it the oldest of who has most are forgotten.
    package var rememberedAnswers: Int
    /// Bytes of all answers remembered in this process; one answer takes a quarter at most.
    package var rememberedBytes: Int
    /// When a recipient that does not answer is left alone: its requests are then answered 4003 at once.
    package var breaker: BreakerSettings

    /// - Parameters: as the properties say.
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
