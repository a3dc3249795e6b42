import Directory
import Kafka
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import OCPI
import Topics
import Wire

// From the recipient's answer, or from what took its place, to the acknowledged reply.
extension ExchangeFlow {
    func answered(_ exchange: Exchange, _ response: OutboundResponse, calledAt url: String?) {
        let record = exchange.record
        var headers = Rewrites.passedHeaders(response.headers)
        guard Rewrites.rewritesAnswer(to: record) else { return settle(exchange, response, headers) }
        headers.removeAll { $0.name == OCPIHeader.link || $0.name == OCPIHeader.location }
        guard let (kind, target) = Rewrites.answerURL(record, status: response.status, response.headers) else {
            return settle(exchange, response, headers)
        }
        guard let absolute = Rewrites.absolute(target, calledAt: url) else {
            // Without its link a page would look like the last one.
            guard kind == .page else { return settle(exchange, response, headers) }
            return settle(exchange, Obstacle(.unreachable, .hubError, "next page's URL cannot be used"), entered: true)
        }
        let capability = Capability(
            kind: kind, owner: record.to, user: record.from,
            target: Capability.target(absolute, of: record.to, record.module, record.interface, in: store.directory),
            expires: .now.adding(milliseconds: (kind == .page ? settings.pageLifetime : settings.objectLifetime).milliseconds))
        let prefix = Rewrites.prefix(kind, for: record, base: settings.publicURL, version: record.version)
        switch HubURL(prefix: prefix, capability: capability, from: capabilities) {
        case .sealed(let url):
            settle(exchange, response, headers + [Self.header(kind, url)])
        case .link(let url, let capability, let id):
            capabilities.publish(capability, id: id) { [headers] result in
                switch (result, kind) {
                case (.success, _): self.settle(exchange, response, headers + [Self.header(kind, url)])
                case (.failure, .page):
                    self.settle(exchange, Obstacle(.unreachable, .hubError, "next page could not be stored"), entered: true)
                // The CDR is there; only reading it back through us is not.
                case (.failure, _): self.settle(exchange, response, headers)
                }
            }
        }
    }

    private static func header(_ kind: Capability.Kind, _ url: String) -> (name: String, value: String) {
        kind == .page ? (OCPIHeader.link, LinkHeader.next(url)) : (OCPIHeader.location, url)
    }

    private func settle(_ exchange: Exchange, _ response: OutboundResponse, _ headers: [(name: String, value: String)]) {
        metrics.ended(.answered, after: .now() - exchange.began)
        guard let address = exchange.record.reply else { return finish(exchange, entered: true) }
        var passed = RecordHeaders()
        for (name, value) in headers { passed.append(name, value) }
        reply(
            ReplyRecord(
                to: exchange.record, at: address, from: exchange.record.to, time: .now, outcome: .answered, httpStatus: response.status,
                headers: passed, contentType: response.headers.first(name: "Content-Type"),
                body: response.body.readableBytes > 0 ? response.body : nil),
            to: exchange, entered: true, tries: 1)
    }

    func settle(_ exchange: Exchange, _ obstacle: Obstacle, entered: Bool) {
        metrics.ended(obstacle.outcome, after: .now() - exchange.began)
        guard let address = exchange.record.reply else { return finish(exchange, entered: entered) }
        reply(
            ReplyRecord(
                to: exchange.record, at: address, from: exchange.record.to, time: .now, outcome: obstacle.outcome,
                status: obstacle.status, message: obstacle.message),
            to: exchange, entered: entered, tries: 1)
    }

    /// Until Kafka has it, or the caller has gone.
    private func reply(_ reply: ReplyRecord, to exchange: Exchange, entered: Bool, tries: Int) {
        producer.send(reply.outgoing(to: topics)) { result in
            guard case .failure(let error) = result else { return self.finish(exchange, entered: entered) }
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
