import Kafka
import NIOCore
import OCPI

/// What EXCHANGE holds of a request while it waits.
protocol HeldCall: Sendable {
    var recipient: PartyID { get }
    /// The platform or node that sends it: what its parties hold is counted together.
    var account: String { get }
    var partition: TopicPartition { get }
    var offset: Int64 { get }
    var epoch: UInt64 { get }
    /// What it holds in memory, about, in bytes.
    var bytes: Int { get }
    /// When its recipient's time is over.
    var sendBy: NIODeadline { get }
    /// An earlier owner of its partition may have begun it.
    var isInDoubt: Bool { get }
}
