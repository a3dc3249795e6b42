package import Encoding
import Kafka
import Topics

/// One record that was read from Kafka.
package struct Crossing: Sendable, Equatable {
    /// The kind of topic that it is in.
    package enum Kind: Sendable { case request, reply, copy, state }
    /// Index of the node.
    package let node: Int
    /// The kind of topic.
    package let kind: Kind
    /// Topic name.
    package let topic: String
    /// Partition.
    package let partition: Int32
    /// Offset.
    package let offset: Int64
    /// Record key; nil for reads.
    package let key: String?
    /// `ce_id`.
    package let id: String?
    /// `ce_type`.
    package let type: String?
    /// `ce_source`, `/DE/ONE`.
    package let source: String?
    /// `ce_correlationid`; replies have none.
    package let correlationID: String?
    /// `ce_replyto`: the `ce_id` of the request that a reply answers.
    package let replyTo: String?
    /// Whether the request came from a party of this node, not from another node.
    package let isLocal: Bool
    /// Its Kafka timestamp.
    package let produced: Timestamp
    /// When the tap read it.
    package let seen: Timestamp

    /// The position as text, like `node 1 ocn.requests[3]@17`.
    package var place: String { "node \(node + 1) \(topic)[\(partition)]@\(offset)" }
}

extension Crossing {
    init(_ record: IncomingRecord, node: Int, kind: Kind, seen: Timestamp) {
        self.init(
            node: node, kind: kind, topic: record.topic, partition: record.partition, offset: record.offset, key: record.key,
            id: record.headers["ce_id"], type: record.headers["ce_type"], source: record.headers["ce_source"],
            correlationID: record.headers["ce_correlationid"], replyTo: record.headers["ce_replyto"],
            isLocal: record.headers["ce_ocporigin"].map { $0 == "local" } ?? true,
            produced: Timestamp(milliseconds: record.timestamp), seen: seen)
    }
}
