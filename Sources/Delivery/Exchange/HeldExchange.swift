import Kafka
import NIOCore
import OCPI

/// A request as ``ExchangeState`` holds it, with what it found out about it.
struct HeldExchange: HeldCall {
    let exchange: PendingExchange
    let isInDoubt: Bool
    /// It may be sent, because it is not in doubt or does no harm twice.
    let maySend: Bool
    /// It repeats a request that was under way when it came, so it calls nobody while that one is.
    var isRepeat = false

    var recipient: PartyID { exchange.recipient }
    var account: String { exchange.account }
    var partition: TopicPartition { exchange.partition }
    var offset: Int64 { exchange.offset }
    var epoch: UInt64 { exchange.epoch }
    var bytes: Int { exchange.bytes }
    var sendBy: NIODeadline { exchange.sendBy }
}
