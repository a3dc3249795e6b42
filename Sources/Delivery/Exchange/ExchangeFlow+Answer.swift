import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Synchronization
import Topics

// From the recipient's answer, or from what took its place, to the acknowledged reply.
extension ExchangeFlow {
    /// - Parameter url: what was called; nil for another node, which judges the URLs of its parties itself.
    func answered(_ exchange: PendingExchange, _ response: OutboundResponse, calledAt url: String?) {
        let record = exchange.record
        // 1xx is no answer, and 101 would change the protocol.
        guard 200..<600 ~= response.status else { return refuse(exchange, "its HTTP status is \(response.status)") }
        if let exchangeFailure = ExchangeFailure.instead(of: response, from: exchange.recipient) {
            if ExchangeFailure.refusesToken(response) {
                failures.log(.warning, "token \(exchange.recipient)", "a recipient is not reached: \(exchangeFailure.error.message)")
            }
            return settle(exchange, exchangeFailure, entered: true)
        }
        let status = response.answerStatus
        if url != nil, Rewrites.isSuccess(response.status, status), let platform = store.directory.platform(of: record.to) {
            onAnswer(platform.id)
        }
        let headers = Rewrites.passedHeaders(response)
        // Who is connected here gets no URL of the recipient's, only one of ours.
        let others = headers.filter { $0.name != OCPIHeader.link && $0.name != OCPIHeader.location }
        guard !record.module.isFunctional || status != .ambiguous else { return refuse(exchange, "its status_code stands twice") }
        // Nobody reads what a service has made of a copy.
        guard record.copyID == nil else { return settle(exchange, response, others) }
        guard record.module.isFunctional else { return settleCustom(exchange, response, others, calledAt: url) }
        guard record.origin != .hub else { return settleForHub(exchange, response) }
        guard let (kind, written) = Rewrites.answerURL(record, status: response.status, response.headers) else {
            return settle(exchange, response, record.origin == .local ? others : headers)
        }
        let target = Rewrites.absolute(written, calledAt: url)
        let directory = store.directory
        let defect = url == nil ? URLJoin.defect(of: target) : defect(of: target, handedOutBy: record.to, in: directory)
        if let defect {
            // What says that nothing was done needs no URL.
            guard !Rewrites.isRefusal(status) else { return settle(exchange, response, others) }
            return refuse(exchange, "its \(kind.header) \(Rewrites.shown(written)) \(defect)")
        }
        guard record.origin == .local else {
            let isAsWritten = target == written
            return handOut(exchange, link(kind, .url(target), of: record, isStored: true), target, directory) { error in
                guard error == nil else { return self.settle(exchange, response, others) }
                if isAsWritten { self.settle(exchange, response, headers) } else { self.settle(exchange, response, others, kind, target) }
            }
        }
        let capability = link(
            kind, Capability.target(target, of: record.to, record.module, record.interface, in: directory), of: record)
        let prefix = Rewrites.prefix(kind, for: record, base: settings.publicURL, version: record.version)
        switch HubURL(prefix: prefix, capability: capability, from: capabilities) {
        case .sealed(let url): settle(exchange, response, others, kind, url)
        case .link(let url, let capability, let id):
            publish(link(kind, capability.target, of: record, isStored: true), id, exchange) { error in
                guard error == nil else { return self.settle(exchange, response, others) }
                self.settle(exchange, response, others, kind, url)
            }
        }
    }

    /// What the URLs of a custom module mean nobody here knows, but they would lead around the hub as any other. Those of places that can be
    /// asked for through it become its own; others are left out, unless a list would look complete without its next page. So are those that
    /// another node says: a caller that follows one sends its token along.
    /// - Parameter others: the headers without URLs.
    private func settleCustom(
        _ exchange: PendingExchange, _ response: OutboundResponse, _ others: [(name: String, value: String)], calledAt url: String?
    ) {
        let record = exchange.record
        guard let (kind, written) = Rewrites.customURL(record, status: response.status, response.headers) else {
            return settle(exchange, response, others)
        }
        let target = Rewrites.absolute(written, calledAt: url)
        let directory = store.directory
        let place: String? =
            if url == nil {
                CustomPlace.checked(target, record)
            } else if defect(of: target, handedOutBy: record.to, in: directory) == nil {
                CustomPlace.of(target, record, in: directory)
            } else {
                nil
            }
        if let place {
            return settle(
                exchange, response, others, kind, record.origin == .local ? URLJoin.trimmed(settings.publicURL) + place : place)
        }
        // What says that nothing was done has no next page.
        guard kind == .page, !Rewrites.isRefusal(response.answerStatus) else { return settle(exchange, response, others) }
        refuse(exchange, "its Link \(Rewrites.shown(written)) does not lie below the endpoint of \(record.module)")
    }

    /// The recipient has answered with what cannot be passed on.
    private func refuse(_ exchange: PendingExchange, _ reason: String) {
        settle(exchange, .unusable(reason, of: exchange.recipient), entered: true)
    }

    /// The caller's own node puts a URL of its own in the place of the recipient's, and asks by the recipient's: this node must know then
    /// that it has given it away.
    private func handOut(
        _ exchange: PendingExchange, _ capability: Capability, _ url: String, _ directory: Directory,
        then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        let record = exchange.record
        guard !directory.lies(url, below: record.module, record.interface, of: record.to) else { return body(nil) }
        publish(capability, capability.handedOutID, exchange, then: body)
    }

    /// Without its next page a list would look complete, so it is an error if that cannot be stored. A CDR is there all the same; only
    /// reading it back through us is not.
    private func publish(
        _ capability: Capability, _ id: String, _ exchange: PendingExchange, then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        capabilities.publish(capability, id: id) { result in
            exchange.eventLoop.execute {
                switch (result, capability.kind) {
                case (.success, _): body(nil)
                case (.failure(let error), .page):
                    self.settle(exchange, ExchangeFailure(.unreachable, error.refusal(of: "next page")), entered: true)
                case (.failure(let error), _): body(error)
                }
            }
        }
    }

    /// INGRESS looks into it.
    private func settleForHub(_ exchange: PendingExchange, _ response: OutboundResponse) {
        do throws(UnreadableCoding) {
            let plain = try response.decoded(upTo: RecordLimits.answerBody)
            settle(exchange, plain, Rewrites.passedHeaders(plain))
        } catch {
            refuse(exchange, "\(error)")
        }
    }

    /// The right to call a URL in an answer. Of next pages, which lists have many of, those that take a place in the store end earlier.
    private func link(
        _ kind: Capability.Kind, _ target: Capability.Target, of record: RequestRecord, isStored: Bool = false
    ) -> Capability {
        let lifetime =
            kind == .page ? (isStored ? settings.storedPageLifetime : settings.pageLifetime) : settings.objectLifetime
        return Capability(
            kind: kind, owner: record.to, user: record.from, target: target, expires: .now.adding(milliseconds: lifetime.milliseconds))
    }

    /// With this URL in the place of the recipient's.
    private func settle(
        _ exchange: PendingExchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)], _ kind: Capability.Kind,
        _ url: String
    ) {
        let header = (name: kind.header, value: kind == .page ? LinkHeader.next(url) : url)
        var response = response
        var headers = headers + [header]
        // A signature in a coded body can only be made to fit without the coding.
        if response.isCoded, Resigning.isSigned(response.readable.body) {
            response = response.readable
            headers.removeAll { $0.name == OCPIHeader.contentEncoding }
        }
        response.body = Resigning.answer(
            response.body, response.headers, replacing: kind == .page ? .link : .location, by: header.value, key: settings.nodeKey)
        settle(exchange, response, headers)
    }

    private func settle(_ exchange: PendingExchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)]) {
        let isToCopy = exchange.record.copyID != nil
        conclude(exchange, RecipientResponse(response, headers, isOfNode: exchange.isAnsweredByNode, isToCopy: isToCopy), entered: true)
    }

    func settle(_ exchange: PendingExchange, _ exchangeFailure: ExchangeFailure, entered: Bool) {
        conclude(exchange, RecipientResponse(exchangeFailure), entered: entered)
    }

    /// The one answer of this request, and of its repeats that came meanwhile.
    private func conclude(_ exchange: PendingExchange, _ answer: RecipientResponse, entered: Bool) {
        if let key = exchange.idempotencyKey {
            let isKept = exchange.record.copyID == nil ? answer.mayBeDone : answer.endsCopy
            let waiting = idempotency.withLock { $0.end(key, isKept ? answer : nil, of: exchange.account, now: .now()) }
            for other in waiting { tellAgain(other, answer, entered: true) }
        }
        tell(exchange, answer, entered: entered)
    }

    /// What an earlier request of the same kind was answered.
    func tellAgain(_ exchange: PendingExchange, _ answer: RecipientResponse, entered: Bool) {
        metrics.answeredAgain.increment()
        tell(exchange, answer, entered: entered)
    }

    private func tell(_ exchange: PendingExchange, _ answer: RecipientResponse, entered: Bool) {
        metrics.ended(answer.outcome, after: .now() - exchange.began)
        guard let address = exchange.record.reply else { return finish(exchange, entered: entered) }
        reply(answer.reply(to: exchange.record, at: address, time: store.clock.now), to: exchange, entered: entered, tries: 1)
    }

    /// Until Kafka has it, or the caller has gone.
    private func reply(_ reply: ReplyRecord, to exchange: PendingExchange, entered: Bool, tries: Int) {
        producer.send(reply.outgoing(to: topics)) { result in
            guard case .failure(let error) = result else { return self.finish(exchange, entered: entered) }
            if error.isTooLarge, reply.outcome == .answered {
                self.metrics.repliesTooLarge.increment()
                let instead = RecipientResponse(.unusable("it is too large to be passed on", of: exchange.recipient))
                let replacement = instead.reply(to: exchange.record, at: reply.address, time: reply.time)
                return self.reply(replacement, to: exchange, entered: entered, tries: 1)
            }
            let pause = TimeAmount.milliseconds(min(20 << Int64(min(tries, 6)), 1000))
            guard !error.isFatal, .now() + pause < exchange.answerBy else {
                self.metrics.repliesLost.increment()
                self.failures.log(
                    .warning, "reply lost \(error.name)", "reply lost: \(error)", metadata: ["request": "\(reply.requestID)"])
                return self.finish(exchange, entered: entered)
            }
            exchange.eventLoop.scheduleTask(in: pause) {
                self.reply(reply, to: exchange, entered: entered, tries: tries + 1)
            }
        }
    }
}

extension Capability.Kind {
    /// Where an answer has a URL of that kind.
    fileprivate var header: String { self == .page ? OCPIHeader.link : OCPIHeader.location }
}
