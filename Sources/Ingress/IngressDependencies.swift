import Directory
import Encoding
import Kafka
import OCPI

/// The functions of the process that the ingress role uses. They are closures, so that everything except the HTTP server is tested without
/// Kafka.
struct IngressDependencies: Sendable {
    /// The newest snapshot.
    var directory: @Sendable () -> Directory
    /// Applies everything that Kafka has acknowledged by now; returns without it after a short timeout.
    var catchUp: @Sendable () async -> Void
    /// The capability that a token in a hub URL stands for.
    var resolve: @Sendable (String, Timestamp) async -> Capability?
    /// Stores a link and returns when Kafka has acknowledged it.
    var publish: @Sendable (Capability, String) async throws(LinkError) -> Void
    /// Produces a record and reports the result exactly once.
    var send: @Sendable (OutgoingRecord, @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) -> Void
    /// Writes to `ocn.state` and returns when this process has applied it.
    var write: @Sendable ([FactChange]) async throws(StateError) -> Void
    /// Records that a platform of this node sent a request.
    var heard: @Sendable (_ platform: String) -> Void
    /// When this process last received a request of a platform.
    var lastHeard: @Sendable (_ platform: String) -> Timestamp?
    /// The party that an object was seen with; nil for none or several.
    var partyOf: @Sendable (ObjectName) -> PartyID?
    /// Records the owner of an object.
    var remember: @Sendable (ObjectName, PartyID) -> Void
    /// The current time by Kafka's clock, as far as it is known. Records carry it, and deadlines are checked against it.
    var now: @Sendable () -> Timestamp = { .now }
    /// Whether Kafka is unavailable now.
    var isKafkaUnavailable: @Sendable () -> Bool = { false }
    /// Whether Kafka was unavailable at some time since then.
    var wasKafkaUnavailable: @Sendable (_ since: ContinuousClock.Instant) -> Bool = { _ in false }

    func rememberAll(_ objects: [(ObjectName, PartyID)]) {
        for (object, party) in objects { remember(object, party) }
    }
}
