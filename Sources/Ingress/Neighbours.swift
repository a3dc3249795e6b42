import Directory
import Kafka
import OCPI
import Wire

/// What the ingress role asks of the rest of the process. Closures, so that everything but the HTTP server is tested without Kafka.
struct Neighbours: Sendable {
    /// The newest snapshot.
    var directory: @Sendable () -> Directory
    /// Applies what Kafka has acknowledged by now, or gives up soon.
    var catchUp: @Sendable () async -> Void
    /// What a token in a hub URL stands for.
    var resolve: @Sendable (String, Timestamp) async -> Capability?
    /// Stores a link and returns when Kafka has it.
    var publish: @Sendable (Capability, String) async throws(KafkaError) -> Void
    /// Produces a record; reports once.
    var send: @Sendable (OutgoingRecord, @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) -> Void
    /// Writes to `ocn.state` and returns when this process has applied it.
    var write: @Sendable ([Change]) async throws(StateError) -> Void
}
