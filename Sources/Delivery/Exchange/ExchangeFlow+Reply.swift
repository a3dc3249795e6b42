import Directory
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import Topics

// Handles a reply until Kafka acknowledges it.
extension ExchangeFlow {
    /// Answers the request with the reason why its recipient was not called.
    func refuse(_ exchange: PendingExchange, _ refusal: ExchangeRefusal) {
        guard exchange.eventLoop.inEventLoop else { return exchange.eventLoop.execute { self.refuse(exchange, refusal) } }
        if let metric = refusal.metric { metrics.refused(metric) }
        if refusal == .late(isInDoubt: false) {
            failures.log(
                .error, "late", "a request was not sent, because this node came to it too late",
                metadata: ["at": "\(exchange.partition)@\(exchange.offset)", "recipient": "\(exchange.recipient)"])
        }
        writeReply(exchange, RecipientResponse(refusal.failure(of: exchange.recipient)), isRepeat: false)
    }

    /// - Parameter isRepeat: the answer is that of an earlier request.
    func writeReply(_ exchange: PendingExchange, _ answer: RecipientResponse, isRepeat: Bool) {
        if isRepeat { metrics.answeredAgain.increment() }
        metrics.ended(answer.outcome, after: .now() - exchange.began)
        guard let address = exchange.record.reply else { return acknowledged(exchange) }
        send(answer.reply(to: exchange.record, at: address, time: store.clock.now), of: exchange)
    }

    private func send(_ reply: ReplyRecord, of exchange: PendingExchange) {
        producer.send(reply.outgoing(to: topics)) { result in
            guard case .failure(let error) = result else { return self.acknowledged(exchange) }
            if error.isTooLarge, reply.outcome == .answered {
                self.metrics.repliesTooLarge.increment()
                let instead = RecipientResponse(.unusable("it is too large to be passed on", of: exchange.recipient))
                return self.send(instead.reply(to: exchange.record, at: reply.address, time: reply.time), of: exchange)
            }
            let jitter = Double.random(in: -1...1)
            let actions = self.step { $0.replyFailed(exchange, isFinal: error.isFatal, now: .now(), jitter: jitter) }
            if let due = actions.retry {
                exchange.eventLoop.scheduleTask(deadline: due) { self.send(reply, of: exchange) }
            } else {
                self.metrics.repliesLost.increment()
                self.failures.log(
                    .warning, "reply lost \(error.name)", "reply lost: \(error)", metadata: ["request": "\(reply.requestID)"])
            }
            // Not on this stack: a producer that fails at once would nest a call for each waiting request.
            exchange.eventLoop.execute { self.carryOut(actions) }
        }
    }

    private func acknowledged(_ exchange: PendingExchange) {
        let jitter = Double.random(in: -1...1)
        carryOut(step { $0.replyAcknowledged(exchange, now: .now(), jitter: jitter) })
    }
}
