import Directory
import Encoding
import Kafka
import OCPI

/// What the ingress role asks of the rest of the process. Closures, so that everything but the HTTP server is tested without Kafka.
struct IngressDependencies: Sendable {
    /// The newest snapshot.
    var directory: @Sendable () -> Directory
    /// Applies what Kafka has acknowledged by now, or gives up soon.
    var catchUp: @Sendable () async -> Void
    /// What a token in a hub URL stands for.
    var resolve: @Sendable (String, Timestamp) async -> Capability?
    /// Stores a link and returns when Kafka has it.
    var publish: @Sendable (Capability, String) async throws(LinkError) -> Void
    /// Produces a record; reports once.
    var send: @Sendable (OutgoingRecord, @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) -> Void
    /// Writes to `ocn.state` and returns when this process has applied it.
    var write: @Sendable ([FactChange]) async throws(StateError) -> Void
    /// A platform that is connected here showed that it is alive.
    var heard: @Sendable (_ platform: String) -> Void
    /// When this process last heard of a platform.
    var lastHeard: @Sendable (_ platform: String) -> Timestamp?
    /// Whose an object is by what was seen of it; nil if that is nobody's or several parties'.
    var partyOf: @Sendable (ObjectName) -> PartyID?
    /// Remembers whose an object is.
    var remember: @Sendable (ObjectName, PartyID) -> Void
    /// The time of day by Kafka's clock, as far as it is known: what records carry and are judged by.
    var now: @Sendable () -> Timestamp = { .now }
    /// Whether Kafka cannot be used at the moment.
    var isKafkaAway: @Sendable () -> Bool = { false }
    /// Whether Kafka could not be used at some time since then.
    var wasKafkaAway: @Sendable (_ since: ContinuousClock.Instant) -> Bool = { _ in false }

    func rememberAll(_ objects: [(ObjectName, PartyID)]) {
        for (object, party) in objects { remember(object, party) }
    }
}
