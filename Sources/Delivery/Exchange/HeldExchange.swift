import Kafka
import NIOCore
import OCPI

/// A request as ``ExchangeState`` holds it.
struct HeldExchange: HeldCall {
    let exchange: PendingExchange
    let isInDoubt: Bool
    /// Whether the request may be sent: it is not in doubt, or sending it twice does no harm.
    let maySend: Bool
    /// Whether it repeats a request that was running when it arrived; while that one runs it makes no call.
    var isRepeat = false

    var recipient: PartyID { exchange.recipient }
    var account: String { exchange.account }
    var partition: TopicPartition { exchange.partition }
    var offset: Int64 { exchange.offset }
    var epoch: UInt64 { exchange.epoch }
    var bytes: Int { exchange.bytes }
    var sendBy: NIODeadline { exchange.sendBy }
}
