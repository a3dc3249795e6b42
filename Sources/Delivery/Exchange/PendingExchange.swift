import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// One request on its way through EXCHANGE: what is known of it when it is read, and never changes. How far it has come is
/// ``ExchangeState``'s to know.
final class PendingExchange: Sendable {
    let record: RequestRecord
    let partition: TopicPartition
    let offset: Int64
    let epoch: UInt64
    /// See ``HeldCall/account``.
    let account: String
    /// When it was taken up.
    let began: NIODeadline
    /// When the recipient's time is over.
    let sendBy: NIODeadline
    /// When the caller's time is over.
    let answerBy: NIODeadline
    /// A call that begins later leaves the recipient less than a quarter of the caller's time: its silence says little about it.
    let fairUntil: NIODeadline
    /// Everything about this request happens here.
    let eventLoop: any EventLoop
    /// What of its record cannot be true; nil if nothing is wrong.
    let fault: RecordError?

    /// - Parameters:
    ///   - account: the platform or node that sends it.
    ///   - wall: now, on the clock that records carry, which is Kafka's.
    ///   - now: the same moment on ours.
    init(
        _ record: RequestRecord, at incoming: IncomingRecord, account: String, settings: ExchangeSettings, wall: Timestamp,
        now: NIODeadline, on eventLoop: any EventLoop, fault: RecordError? = nil
    ) {
        self.record = record
        partition = incoming.topicPartition
        offset = incoming.offset
        epoch = incoming.epoch
        self.account = account
        began = now
        self.eventLoop = eventLoop
        self.fault = fault
        let deadline = record.deadline ?? record.time.adding(milliseconds: settings.defaultTimeout.milliseconds)
        // A day bounds what a strange record can ask for, so that no arithmetic below can overflow.
        let left = min(max(deadline.milliseconds.subtractingClamped(wall.milliseconds), 0), 86_400_000)
        answerBy = now + .milliseconds(left)
        sendBy = now + .milliseconds(max(0, left - min(settings.margin.milliseconds, 86_400_000)))
        let allotted = min(max(deadline.milliseconds.subtractingClamped(record.time.milliseconds), 0), 86_400_000)
        fairUntil = sendBy - .milliseconds(allotted / 4)
    }

    var recipient: PartyID { record.to }
    var bytes: Int { (record.body?.readableBytes ?? 0) + 2048 }
}

extension Int64 {
    func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : difference
    }
}
