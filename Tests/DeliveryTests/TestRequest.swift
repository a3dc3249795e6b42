import Kafka
import NIOCore
import OCPI

@testable import Delivery

/// A waiting request of a test.
struct TestRequest: HeldCall, Hashable {
    var recipient: PartyID
    var partition = TopicPartition(topic: "ocn.requests", partition: 0)
    var offset: Int64
    var epoch: UInt64 = 1
    var bytes = 10
    var sendBy = NIODeadline.distantFuture
    var isInDoubt = false
    var isRepeated = false
    /// The sender; nil for one that sends nothing else.
    var sender: String?

    var account: String { sender ?? "\(partition)@\(offset)" }
}

extension NIODeadline {
    /// A time on the simulated clock.
    static func at(_ time: TimeAmount) -> NIODeadline { .uptimeNanoseconds(1) + time }
}
