import Kafka
import NIOCore
import OCPI

/// A request as EXCHANGE's queues see it.
protocol HeldCall: Sendable {
    var recipient: PartyID { get }
    /// The sending platform or node. The load of all its parties is counted together.
    var account: String { get }
    var partition: TopicPartition { get }
    var offset: Int64 { get }
    var epoch: UInt64 { get }
    /// Its approximate memory use, in bytes.
    var bytes: Int { get }
    /// The deadline for the recipient.
    var sendBy: NIODeadline { get }
    /// Whether an earlier owner of the partition may have started it.
    var isInDoubt: Bool { get }
}
