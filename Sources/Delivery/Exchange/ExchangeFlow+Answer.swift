import Directory
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
import Wire

// From the recipient's answer, or from what took its place, to the acknowledged reply.
extension ExchangeFlow {
    func answered(_ exchange: Exchange, _ response: OutboundResponse, calledAt url: String?) {
        let record = exchange.record
        if let obstacle = Obstacle.instead(of: response, from: record.to) {
            if Obstacle.refusesToken(response) {
                failures.log(.warning, "token \(record.to)", "a recipient is not reached: \(obstacle.message)")
            }
            return settle(exchange, obstacle, entered: true)
        }
        let status = response.answerStatus
        if url != nil, Rewrites.isSuccess(response.status, status), let platform = store.directory.platform(of: record.to) {
            onAnswer(platform.id)
        }
        var headers = Rewrites.passedHeaders(response.headers)
        guard record.module.isFunctional else { return settle(exchange, response, headers) }
        guard status != .ambiguous else { return settle(exchange, .unusable("its status_code stands twice"), entered: true) }
        switch record.origin {
        case .local: break
        case .hub: return settleForHub(exchange, response)
        case .node: return handOut(exchange, response, headers, calledAt: url)
        }
        headers.removeAll { $0.name == OCPIHeader.link || $0.name == OCPIHeader.location }
        guard let (kind, target) = Rewrites.answerURL(record, status: response.status, response.headers) else {
            return settle(exchange, response, headers)
        }
        guard let absolute = Rewrites.absolute(target, calledAt: url) else {
            // Without its link a page would look like the last one.
            guard kind == .page else { return settle(exchange, response, headers) }
            return settle(exchange, Obstacle(.unreachable, .hubError, "next page's URL cannot be used"), entered: true)
        }
        let capability = link(kind, absolute, of: record)
        let prefix = Rewrites.prefix(kind, for: record, base: settings.publicURL, version: record.version)
        switch HubURL(prefix: prefix, capability: capability, from: capabilities) {
        case .sealed(let url):
            settle(exchange, response, headers, kind, url)
        case .link(let url, let capability, let id):
            capabilities.publish(capability, id: id) { [headers] result in
                switch (result, kind) {
                case (.success, _): exchange.eventLoop.execute { self.settle(exchange, response, headers, kind, url) }
                case (.failure, .page):
                    self.settle(exchange, Obstacle(.unreachable, .hubError, "next page could not be stored"), entered: true)
                // The CDR is there; only reading it back through us is not.
                case (.failure, _): self.settle(exchange, response, headers)
                }
            }
        }
    }

    /// The caller's own node puts a URL of its own in the place of the recipient's, and asks by the recipient's: this node must know then
    /// that it has given it away.
    private func handOut(
        _ exchange: Exchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)], calledAt url: String?
    ) {
        guard let (kind, target) = Rewrites.answerURL(exchange.record, status: response.status, response.headers),
            let absolute = Rewrites.absolute(target, calledAt: url)
        else { return settle(exchange, response, headers) }
        let capability = link(kind, absolute, of: exchange.record)
        guard case .url = capability.target else { return settle(exchange, response, headers) }
        capabilities.publish(capability, id: capability.handedOutID) { result in
            exchange.eventLoop.execute {
                switch (result, kind) {
                case (.failure, .page):
                    self.settle(exchange, Obstacle(.unreachable, .hubError, "next page could not be stored"), entered: true)
                case (.failure, _), (.success, _): self.settle(exchange, response, headers)
                }
            }
        }
    }

    /// INGRESS looks into it.
    private func settleForHub(_ exchange: Exchange, _ response: OutboundResponse) {
        do throws(UnreadableCoding) {
            let plain = try response.decoded(upTo: RecordLimits.answerBody)
            settle(exchange, plain, Rewrites.passedHeaders(plain.headers))
        } catch {
            settle(exchange, .unusable("\(error)"), entered: true)
        }
    }

    /// The right to call a URL in an answer.
    private func link(_ kind: Capability.Kind, _ url: String, of record: RequestRecord) -> Capability {
        Capability(
            kind: kind, owner: record.to, user: record.from,
            target: Capability.target(url, of: record.to, record.module, record.interface, in: store.directory),
            expires: .now.adding(milliseconds: (kind == .page ? settings.pageLifetime : settings.objectLifetime).milliseconds))
    }

    /// With a URL of ours in the place of the recipient's.
    private func settle(
        _ exchange: Exchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)], _ kind: Capability.Kind,
        _ url: String
    ) {
        let header = kind == .page ? (name: OCPIHeader.link, value: LinkHeader.next(url)) : (name: OCPIHeader.location, value: url)
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

    private func settle(_ exchange: Exchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)]) {
        conclude(exchange, Answer(response, headers, isOfNode: exchange.isAnsweredByNode), entered: true)
    }

    func settle(_ exchange: Exchange, _ obstacle: Obstacle, entered: Bool) {
        conclude(exchange, Answer(obstacle), entered: entered)
    }

    /// The one answer of this request, and of its repeats that came meanwhile.
    private func conclude(_ exchange: Exchange, _ answer: Answer, entered: Bool) {
        if let key = exchange.repeatKey {
            let waiting = repeats.withLock { $0.end(key, answer.mayBeDone ? answer : nil, now: .now()) }
            for other in waiting { tellAgain(other, answer, entered: true) }
        }
        tell(exchange, answer, entered: entered)
    }

    /// What an earlier request of the same kind was answered.
    func tellAgain(_ exchange: Exchange, _ answer: Answer, entered: Bool) {
        metrics.answeredAgain.increment()
        tell(exchange, answer, entered: entered)
    }

    private func tell(_ exchange: Exchange, _ answer: Answer, entered: Bool) {
        metrics.ended(answer.outcome, after: .now() - exchange.began)
        guard let address = exchange.record.reply else { return finish(exchange, entered: entered) }
        reply(answer.reply(to: exchange.record, at: address), to: exchange, entered: entered, tries: 1)
    }

    /// Until Kafka has it, or the caller has gone.
    private func reply(_ reply: ReplyRecord, to exchange: Exchange, entered: Bool, tries: Int) {
        producer.send(reply.outgoing(to: topics)) { result in
            guard case .failure(let error) = result else { return self.finish(exchange, entered: entered) }
            if error.isTooLarge, reply.outcome == .answered {
                self.metrics.repliesTooLarge.increment()
                let instead = Answer(Obstacle(.unreachable, .hubError, "recipient's answer is too large to be passed on", mayBeDone: true))
                return self.reply(instead.reply(to: exchange.record, at: reply.address), to: exchange, entered: entered, tries: 1)
            }
            let pause = TimeAmount.milliseconds(min(20 << Int64(min(tries, 6)), 1000))
            guard !error.isFatal, .now() + pause < exchange.answerBy else {
                self.metrics.repliesLost.increment()
                self.logger.warning("reply lost: \(error)", metadata: ["request": "\(reply.requestID)"])
                return self.finish(exchange, entered: entered)
            }
            exchange.eventLoop.scheduleTask(in: pause) {
                self.reply(reply, to: exchange, entered: entered, tries: tries + 1)
            }
        }
    }
}
