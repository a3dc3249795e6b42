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

    /// Sends, and judges the answer if there is one.
    func send(
        _ attempt: DeliveryAttempt<OutboxRecord>, _ outbound: OutboundRequest, _ judge: @escaping @Sendable (OutboundResponse) -> Void
    ) {
        // At least once: a record that arrives twice has the same id both times.
        var outbound = outbound
        outbound.isRepeatable = true
        client.send(outbound, deadline: .now() + .init(settings.requestTimeout)) { result in
            switch result {
            case .success(let response): judge(response)
            case .failure(let failure):
                self.metrics.failed(failure.kind)
                switch failure.kind {
                // An address that is not allowed is a matter of what was registered and configured, not of how the recipient is.
                // Nor is a want of connections of our own.
                case .forbidden, .busy: self.complete(attempt, .hindered)
                case .tooLarge: self.giveUp(attempt, failure.reason)
                case .notSent, .timeout, .broken: self.complete(attempt, .failed(LastAttempt(), after: nil))
                }
            }
        }
    }

    /// It will never be possible to send it.
    private func giveUp(_ attempt: DeliveryAttempt<OutboxRecord>, _ reason: String) {
        switch attempt.pending.payload {
        case .copy(let copy):
            let cause = "cannot be sent: \(reason)"
            bury(attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        case .announcement: complete(attempt, .ended(.dropped(.unsendable)))
        }
    }

    private func deliver(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord) {
        if let deadLetter = attempt.deadLetter { return bury(attempt, copy, deadLetter) }
        let request = copy.request
        if let fault = bounds(of: attempt.pending).fault(of: copy) {
            // Where `ocn.state` was made anew all that waits comes to this at once.
            if let later = turnedAway() { return complete(attempt, .limited(until: later)) }
            let cause = "implausible: \(fault)"
            return bury(attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        }
        let directory = store.directory
        // MATCHER saw an agreement in the state of that version. Without it, its absence here would not mean that it was withdrawn.
        let isExpired = copy.triedSince.adding(milliseconds: settings.horizon.milliseconds) <= store.clock.now
        guard directory.version >= request.stateVersion else {
            return isExpired ? expire(attempt, copy) : hinder(attempt)
        }
        // The agreement counts when the copy is sent, not only when it was made.
        guard directory.hasAgreement(user: request.from, provider: request.to) else { return complete(attempt, .ended(.withheld)) }
        if directory.service(request.to)?.delivery == .topic { return complete(attempt, .ended(.topic)) }
        if directory.outboxOrder(of: request.to)?.isPaused == true { return complete(attempt, .postponed) }
        if isExpired { return expire(attempt, copy) }
        // MATCHER makes no such copy; the service has changed its rules since.
        guard directory.isContent(request.to, withSignature: request.signature) else {
            let cause = "unsigned: the service's OcnRules want signed requests"
            return bury(attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
        }
        deliver(attempt, copy, directory)
    }

    /// What an outage let wait for too long goes to `ocn.dead` bit by bit.
    private func expire(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord) {
        if let later = turnedAway() { return complete(attempt, .limited(until: later)) }
        bury(attempt, copy, DeadLetterRequest(cause: "expired", ending: .expired, attempts: attempt.attempts, last: attempt.last))
    }

    private func deliver(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord, _ directory: Directory) {
        let outbound: OutboundRequest
        var isToNode = false
        switch RecipientRoute(of: copy.request, in: directory, ownOperator: ownOperator) {
        case .none(let exchangeFailure):
            guard exchangeFailure.notDone == .hindered else { return giveUp(attempt, exchangeFailure.error.message) }
            // It may register, come back, or advertise the module, before the horizon.
            metrics.attempted(.noDestination)
            return complete(attempt, .hindered)
        case .platform(let url, let authorization):
            outbound = OutboundRequestBuilder.call(signed(copy), url: url, authorization: authorization)
        case .node(let node):
            isToNode = true
            do { outbound = try OutboundRequestBuilder.message(signed(copy), to: node, proxy: nil, key: settings.nodeKey) } catch {
                let cause = "body cannot be sent to another node"
                return bury(
                    attempt, copy, DeadLetterRequest(cause: cause, ending: .unsendable, attempts: attempt.attempts, last: attempt.last))
            }
        }
        send(attempt, outbound) { [isToNode] response in
            if isToNode, response.notDone == .hindered { self.hindered(attempt, by: response) } else { self.judge(attempt, copy, response) }
        }
    }

    /// The service's node says what this one would say of a service of its own: the copy waits. But it was sent, and to find out for each
    /// object that the service is not connected there would be a burden to both nodes.
    private func hindered(_ attempt: DeliveryAttempt<OutboxRecord>, by response: OutboundResponse) {
        metrics.attempted(.noDestination)
        let status = response.statusCode
        let last = LastAttempt(httpStatus: response.status, status: status)
        // The service is connected, and lacks the module: its other copies go on.
        let isAboutModule = status.map { 2000..<3000 ~= $0 } ?? false
        complete(attempt, isAboutModule ? .lacking(last) : .failed(last, after: nil))
    }

    /// The copy by its id, with its sender's signature made to fit the service. Done for every attempt: what waits is what the sender signed.
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
            bury(attempt, copy, DeadLetterRequest(cause: "rejected: \(cause)", ending: .dead, attempts: attempt.attempts + 1, last: last))
        }
    }

    /// The record is finished only when `ocn.dead` has it.
    private func bury(_ attempt: DeliveryAttempt<OutboxRecord>, _ copy: CopyRecord, _ deadLetter: DeadLetterRequest) {
        let dead = DeadRecord(
            copy: copy, cause: deadLetter.cause, attempts: deadLetter.attempts, lastHTTPStatus: deadLetter.last.httpStatus,
            lastStatus: deadLetter.last.status, diedAt: store.clock.now)
        producer.send(dead.outgoing(to: topics)) { result in
            switch result {
            case .success: self.complete(attempt, .ended(deadLetter.ending))
            case .failure(let error):
                self.metrics.deadLetterFailed.increment()
                self.failures.log(
                    .warning, "dead", "a dead letter is not written, trying again: \(error)", metadata: ["copy": "\(copy.id)"])
                self.complete(attempt, .deadLetterFailed(deadLetter))
            }
        }
    }
}
