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
import Topics

// Handles the recipient's answer, up to the reply.
extension ExchangeFlow {
    func answered(_ call: AnsweredCall) {
        let (record, response, url) = (call.record, call.response, call.url)
        // 1xx is not a final answer, and 101 would change the protocol.
        guard 200..<600 ~= response.status else { return refuse(call, "its HTTP status is \(response.status)") }
        if let exchangeFailure = ExchangeFailure.instead(of: response, from: record.to) {
            if ExchangeFailure.refusesToken(response) {
                failures.log(.warning, "token \(record.to)", "a recipient is not reached: \(exchangeFailure.error.message)")
            }
            return settle(call.exchange, RecipientResponse(exchangeFailure))
        }
        let status = response.answerStatus
        if url != nil, Rewrites.isSuccess(response.status, status), let platform = store.directory.platform(of: record.to) {
            onAnswer(platform.id)
        }
        let headers = Rewrites.passedHeaders(response)
        // The caller gets no URL of the recipient's own, only hub URLs.
        let others = headers.filter { $0.name != OCPIHeader.link && $0.name != OCPIHeader.location }
        guard !record.module.isFunctional || status != .ambiguous else { return refuse(call, "its status_code stands twice") }
        // The answer to a copy goes to no caller.
        guard record.copyID == nil else { return settle(call, others) }
        guard record.module.isFunctional else { return settleCustom(call, others) }
        guard record.origin != .hub else { return settleForHub(call) }
        guard let (kind, written) = Rewrites.answerURL(record, status: response.status, response.headers) else {
            return settle(call, record.origin == .local ? others : headers)
        }
        let target = Rewrites.absolute(written, calledAt: url)
        let directory = store.directory
        let defect = url == nil ? URLJoin.defect(of: target) : defect(of: target, handedOutBy: record.to, in: directory)
        if let defect {
            // The URL in an error answer is not needed.
            guard !Rewrites.isRefusal(status) else { return settle(call, others) }
            return refuse(call, "its \(kind.header) \(Rewrites.shown(written)) \(defect)")
        }
        guard record.origin == .local else {
            let isAsWritten = target == written
            return handOut(call.exchange, link(kind, .url(target), of: record, isStored: true), target, directory) { error in
                guard error == nil else { return self.settle(call, others) }
                if isAsWritten { self.settle(call, headers) } else { self.settle(call, others, kind, target) }
            }
        }
        let capability = link(
            kind, Capability.target(target, of: record.to, record.module, record.interface, in: directory), of: record)
        let prefix = Rewrites.prefix(kind, for: record, base: settings.publicURL, version: record.version)
        switch HubURL(prefix: prefix, capability: capability, from: capabilities) {
        case .sealed(let url): settle(call, others, kind, url)
        case .link(let url, let capability, let id):
            publish(link(kind, capability.target, of: record, isStored: true), id, call.exchange) { error in
                guard error == nil else { return self.settle(call, others) }
                self.settle(call, others, kind, url)
            }
        }
    }

    /// The meaning of URLs in a custom module is unknown, but they would lead around the hub. A URL that the hub can route is replaced by
    /// the hub's; any other is left out, except that an answer without its next page is an error, because the list would look complete. The
    /// same holds for URLs that another node returns, because a caller that follows one sends its token along.
    /// - Parameter others: the headers without URLs.
    private func settleCustom(_ call: AnsweredCall, _ others: [(name: String, value: String)]) {
        let (record, response, url) = (call.record, call.response, call.url)
        guard let (kind, written) = Rewrites.customURL(record, status: response.status, response.headers) else {
            return settle(call, others)
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
                call, others, kind, record.origin == .local ? URLJoin.trimmed(settings.publicURL) + place : place)
        }
        // An error answer has no next page.
        guard kind == .page, !Rewrites.isRefusal(response.answerStatus) else { return settle(call, others) }
        refuse(call, "its Link \(Rewrites.shown(written)) does not lie below the endpoint of \(record.module)")
    }

    /// Replies with an error, because the recipient's answer cannot be passed on.
    private func refuse(_ call: AnsweredCall, _ reason: String) {
        settle(call.exchange, RecipientResponse(.unusable(reason, of: call.record.to)))
    }

    /// Replaces the recipient's URL by a hub URL. If the caller belongs to another node, that node hands out its own URL and later requests
    /// ours, so this node must store it.
    private func handOut(
        _ exchange: PendingExchange, _ capability: Capability, _ url: String, _ directory: Directory,
        then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        let record = exchange.record
        guard !directory.lies(url, below: record.module, record.interface, of: record.to) else { return body(nil) }
        publish(capability, capability.handedOutID, exchange, then: body)
    }

    /// Stores the link. If that fails, a list is answered with an error, because without its next page it would look complete. A CDR has
    /// been created, and only reading it back through the hub fails.
    private func publish(
        _ capability: Capability, _ id: String, _ exchange: PendingExchange, then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        capabilities.publish(capability, id: id) { result in
            exchange.eventLoop.execute {
                switch (result, capability.kind) {
                case (.success, _): body(nil)
                case (.failure(let error), .page):
                    self.settle(exchange, RecipientResponse(ExchangeFailure(.unreachable, error.refusal(of: "next page"))))
                case (.failure(let error), _): body(error)
                }
            }
        }
    }

    /// Replies to a request of the hub itself; INGRESS reads this answer.
    private func settleForHub(_ call: AnsweredCall) {
        var call = call
        do throws(UnreadableCoding) {
            call.response = try call.response.decoded(upTo: RecordLimits.answerBody)
        } catch {
            return refuse(call, "\(error)")
        }
        settle(call, Rewrites.passedHeaders(call.response))
    }

    /// The right to call a URL from an answer. Links to next pages that need an entry in the store have a shorter lifetime, because lists
    /// have many of them.
    private func link(
        _ kind: Capability.Kind, _ target: Capability.Target, of record: RequestRecord, isStored: Bool = false
    ) -> Capability {
        let lifetime =
            kind == .page ? (isStored ? settings.storedPageLifetime : settings.pageLifetime) : settings.objectLifetime
        return Capability(
            kind: kind, owner: record.to, user: record.from, target: target, expires: .now.adding(milliseconds: lifetime.milliseconds))
    }

    /// Replies with this URL in the place of the recipient's.
    private func settle(_ call: AnsweredCall, _ headers: [(name: String, value: String)], _ kind: Capability.Kind, _ url: String) {
        let header = (name: kind.header, value: kind == .page ? LinkHeader.next(url) : url)
        var response = call.response
        var headers = headers + [header]
        // The signature in an encoded body can only be adapted after the encoding is removed.
        if response.isCoded, Resigning.isSigned(response.readable.body) {
            response = response.readable
            headers.removeAll { $0.name == OCPIHeader.contentEncoding }
        }
        response.body = Resigning.answer(
            response.body, response.headers, replacing: kind == .page ? .link : .location, by: header.value, key: settings.nodeKey)
        settle(AnsweredCall(exchange: call.exchange, response: response, url: call.url), headers)
    }

    private func settle(_ call: AnsweredCall, _ headers: [(name: String, value: String)]) {
        settle(call.exchange, call.answer(headers))
    }

    /// Ends this request and its waiting repeats with one answer.
    private func settle(_ exchange: PendingExchange, _ answer: RecipientResponse) {
        // An answer that is remembered is copied here, because the state's lock stops all other requests.
        let answer = IdempotencyKey.isNeeded(for: exchange.record) ? answer.toKeep : answer
        carryOut(step { $0.answered(exchange, answer, now: .now()) })
    }
}

extension Capability.Kind {
    /// The header that holds a URL of that kind.
    fileprivate var header: String { self == .page ? OCPIHeader.link : OCPIHeader.location }
}
