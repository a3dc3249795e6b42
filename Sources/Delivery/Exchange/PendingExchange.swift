import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// One request in EXCHANGE: the data that is known when it is read and does not change. ``ExchangeState`` holds its stage.
final class PendingExchange: Sendable {
    let record: RequestRecord
    let partition: TopicPartition
    let offset: Int64
    let epoch: UInt64
    /// See ``HeldCall/account``.
    let account: String
    /// When it was read.
    let began: NIODeadline
    /// The deadline for the recipient.
    let sendBy: NIODeadline
    /// The deadline for the answer to the caller.
    let answerBy: NIODeadline
    /// A call that starts later leaves the recipient less than a quarter of the caller's time, so a timeout says little about the
    /// recipient.
    let fairUntil: NIODeadline
    /// The event loop that handles this request.
    let eventLoop: any EventLoop
    /// The implausible value of its record; nil if there is none.
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
        // The limit of one day prevents overflow in the calculations below.
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
