import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import Topics

// One attempt to deliver one record, on an event loop.
extension PushFlow {
    func run(_ attempt: DeliveryAttempt<OutboxRecord>) {
        switch attempt.pending.payload {
        case .copy(let copy): deliver(attempt, copy)
        case .announcement(let announcement): announce(attempt, announcement)
        }
    }

    /// Sends the request and passes the answer to `judge`. Failures without an answer are completed here.
    func send(
        _ attempt: DeliveryAttempt<OutboxRecord>, _ outbound: OutboundRequest, _ judge: @escaping @Sendable (OutboundResponse) -> Void
    ) {
        // Delivery is at least once: both deliveries of a repeated record carry the same id.
        var outbound = outbound
        outbound.isRepeatable = true
        client.send(outbound, deadline: .now() + .init(settings.requestTimeout)) { result in
            switch result {
            case .success(let response): judge(response)
            case .failure(let failure):
                self.metrics.failed(failure.kind)
                switch failure.kind {
                // A forbidden address is caused by registration or configuration, and a lack of connections by this node. Neither counts
                // against the recipient.
                case .forbidden, .busy: self.complete(attempt, .hindered)
                case .tooLarge: self.giveUp(attempt, failure.reason)
                case .notSent, .timeout, .broken: self.complete(attempt, .failed(LastAttempt(), after: nil))
                }
            }
        }
    }

    /// Gives up a record that can never be sent.
    private func giveUp(_ attempt: DeliveryAttempt<OutboxRecord>, _ reason: String) {
        switch attempt.pending.payload {
        case .copy(let copy):
            let cause = "cannot be sent: \(reason)"
            deadLetter(attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        case .announcement: complete(attempt, .ended(.dropped(.unsendable)))
        }
    }

    private func deliver(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord) {
        if let deadLetter = attempt.deadLetter { return self.deadLetter(attempt, copy, deadLetter) }
        let request = copy.request
        if let fault = bounds(of: attempt.pending).fault(of: copy) {
            // If `ocn.state` was recreated, all waiting copies get here at once, so they are rate limited.
            if let later = nextExpiryTime() { return complete(attempt, .limited(until: later)) }
            let cause = "implausible: \(fault)"
            return deadLetter(
                attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        }
        let directory = store.directory
        // MATCHER saw an agreement in the state of that version. With an older state, a missing agreement does not mean that it was
        // withdrawn.
        let isExpired = copy.triedSince.adding(milliseconds: settings.horizon.milliseconds) <= store.clock.now
        guard directory.version >= request.stateVersion else {
            return isExpired ? expire(attempt, copy) : awaitState(attempt)
        }
        // The agreement must hold when the copy is sent, not only when it was made.
        guard directory.hasAgreement(user: request.from, provider: request.to) else { return complete(attempt, .ended(.withheld)) }
        if directory.service(request.to)?.delivery == .topic { return complete(attempt, .ended(.topic)) }
        if directory.outboxOrder(of: request.to)?.isPaused == true { return complete(attempt, .postponed) }
        if isExpired { return expire(attempt, copy) }
        // MATCHER makes no unsigned copy for such a service; the service has changed its rules since.
        guard directory.isContent(request.to, withSignature: request.signature) else {
            let cause = "unsigned: the service's OcnRules want signed requests"
            return deadLetter(
                attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        }
        deliver(attempt, copy, directory)
    }

    /// Writes an expired copy to `ocn.dead`, rate limited because an outage makes many copies expire at once.
    private func expire(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord) {
        if let later = nextExpiryTime() { return complete(attempt, .limited(until: later)) }
        deadLetter(attempt, copy, DeadLetterRequest(cause: "expired", ending: .expired, attempts: attempt.attempts, last: attempt.last))
    }

    private func deliver(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord, _ directory: Directory) {
        let outbound: OutboundRequest
        var isToNode = false
        switch RecipientRoute(of: copy.request, in: directory, ownOperator: ownOperator) {
        case .none(let exchangeFailure):
            guard exchangeFailure.notDone == .hindered else { return giveUp(attempt, exchangeFailure.error.message) }
            // The recipient may register, reconnect or advertise the module before the copy expires.
            metrics.attempted(.noDestination)
            return complete(attempt, .hindered)
        case .platform(let url, let authorization):
            outbound = OutboundRequestBuilder.call(signed(copy), url: url, authorization: authorization)
        case .node(let node):
            isToNode = true
            do { outbound = try OutboundRequestBuilder.message(signed(copy), to: node, proxy: nil, key: settings.nodeKey) } catch {
                let cause = "body cannot be sent to another node"
                return deadLetter(
                    attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
            }
        }
        send(attempt, outbound) { [isToNode] response in
            if isToNode, response.notDone == .hindered { self.hindered(attempt, by: response) } else { self.judge(attempt, copy, response) }
        }
    }

    /// The service's node answers that it cannot call the service, so the copy waits. Unlike for a service of this node the failure counts
    /// against the recipient: otherwise one call per object would be made to learn that the service is not connected.
    private func hindered(_ attempt: DeliveryAttempt<OutboxRecord>, by response: OutboundResponse) {
        metrics.attempted(.noDestination)
        let status = response.statusCode
        let last = LastAttempt(httpStatus: response.status, status: status)
        // The service is connected but does not support the module. Copies of other modules continue.
        let isAboutModule = status.map { 2000..<3000 ~= $0 } ?? false
        complete(attempt, isAboutModule ? .moduleMissing(last) : .failed(last, after: nil))
    }

    /// The request that is sent for a copy: with the copy's id, and with the sender's signature adapted to the service. It is made for
    /// every attempt because the stored copy is the one that the sender signed.
    private func signed(_ copy: CopyRecord) -> RequestRecord {
        var request = copy.request
        if request.signature != nil, let receiver = copy.originalReceiver {
            request = Resigning.copy(request, originalReceiver: receiver, key: settings.nodeKey)
        }
        request.copyID = copy.id
        return request
    }

    private func judge(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord, _ response: OutboundResponse) {
        let status = response.statusCode
        let last = LastAttempt(httpStatus: response.status, status: status)
        switch ResponseClassification(httpStatus: response.status, statusCode: status) {
        case .delivered:
            metrics.attempted(.delivered)
            if let platform = store.directory.platform(of: copy.request.to) { onAnswer(platform.id) }
            complete(attempt, .ended(.delivered))
        case .retry:
            metrics.attempted(.retry)
            let after = RetryAfter.delay(response, now: store.clock.now, cap: .init(settings.retryAfterCap))
            complete(attempt, .failed(last, after: after))
        case .final(let cause):
            metrics.attempted(.rejected)
            deadLetter(
                attempt, copy, DeadLetterRequest(cause: "rejected: \(cause)", ending: .dead, attempts: attempt.attempts + 1, last: last))
        }
    }

    /// Writes a dead letter. The record is finished only when Kafka has acknowledged it.
    private func deadLetter(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord, _ request: DeadLetterRequest) {
        let dead = DeadRecord(
            copy: copy, cause: request.cause, attempts: request.attempts, lastHTTPStatus: request.last.httpStatus,
            lastStatus: request.last.status, diedAt: store.clock.now)
        producer.send(dead.outgoing(to: topics)) { result in
            switch result {
            case .success: self.complete(attempt, .ended(request.ending))
            case .failure(let error):
                self.metrics.deadLetterFailed.increment()
                self.failures.log(
                    .warning, "dead", "a dead letter is not written, trying again: \(error)", metadata: ["copy": "\(copy.id)"])
                self.complete(attempt, .deadLetterFailed(request))
            }
        }
    }
}
